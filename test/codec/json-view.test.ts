import { describe, expect, it } from 'vitest';
import { codecOf } from '../../src/codec/avro.ts';
import { toJson } from '../../src/codec/json-view.ts';
import { sampleDeadLetter, sampleRecords, sampleStatus, sampleTrade } from '../../testing/records/sample-records.ts';

describe('toJson', () => {
  it('returns exactly the field names of the schema in order, except for dead letters', () => {
    for (const record of sampleRecords.filter(({ kind }) => kind !== 'dead_letter')) {
      expect(Object.keys(toJson(record))).toEqual(codecOf(record.kind).schema.fields.map(({ name }) => name));
    }
  });

  it('returns the field names of the schema in nested records', () => {
    const venueAge = { venue: 'bybit', ageMs: 5, clockOffsetMs: null, eventLagMs: null };
    const heartbeat = {
      trading: 'allowed',
      tradingReason: 'all is well',
      halted: [],
      symbols: ['BTCUSDT'],
      staleBooks: [],
      haltedInstruments: [],
      disputedPrices: [],
      venueAges: [venueAge],
    };
    expect(toJson(sampleStatus({ heartbeat, switch: null }))).toMatchObject({
      heartbeat: {
        trading: 'allowed',
        trading_reason: 'all is well',
        halted: [],
        symbols: ['BTCUSDT'],
        stale_books: [],
        halted_instruments: [],
        disputed_prices: [],
        venue_ages: [{ venue: 'bybit', age_ms: 5, clock_offset_ms: null, event_lag_ms: null }],
      },
      switch: null,
    });
  });

  it('returns decimals as text, and times and nulls unchanged', () => {
    expect(toJson(sampleTrade())).toMatchObject({
      price: '61837.63',
      received_at: 1_763_712_345_123_456,
      is_buyer_maker: true,
      last_trade_id: null,
      conditions: [],
    });
  });

  it('returns bytes in base64, and also as text if they are text', () => {
    expect(toJson(sampleDeadLetter())).toMatchObject({ payload: 'eyJwIjoiTmFOIn0=', payload_text: '{"p":"NaN"}' });
    const binary = toJson(sampleDeadLetter({ payload: Uint8Array.of(0xff, 0x00) }));
    expect(binary).toMatchObject({ payload: '/wA=' });
    expect(binary).not.toHaveProperty('payload_text');
  });
});
