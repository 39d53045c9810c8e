import { describe, expect, it } from 'vitest';
import { Latencies } from '../../../src/feed/latency/latencies.ts';
import { ticker, tradeEvent } from '../../../testing/judges/events.ts';

const MICROS = 1_700_000_000_000_000;
const MS = MICROS / 1000;

function latencies(now = MICROS): Latencies {
  const all = new Latencies(
    () => now,
    () => 0,
  );
  all.venue('binance').clock = { estimate: { offsetMs: 1000, uncertaintyMs: 8 }, failures: 0 };
  return all;
}

const trade = (fields: Parameters<typeof tradeEvent>[1] = {}) =>
  tradeEvent(1, { receivedAt: MICROS, timestamp: MS + 900, ...fields });

describe('the latency from venue to socket', () => {
  it("is corrected by the offset of the venue's clock", () => {
    const { venueToSocket, received } = bound();
    received(trade());
    expect(venueToSocket.summary()).toMatchObject({ count: 1, max: 100 });
  });

  it('starts at the event time if the venue sent one', () => {
    const { venueToSocket, received } = bound();
    received(trade({ eventTime: MS + 990 }));
    expect(venueToSocket.summary()).toMatchObject({ max: 10 });
  });

  it('may be below zero', () => {
    const { venueToSocket, received } = bound();
    received(trade({ timestamp: MS + 1003 }));
    expect(venueToSocket.summary()).toMatchObject({ count: 1, max: -3 });
  });

  it("excludes fetched trades, other events, and trades while the venue's clock is unknown", () => {
    const { venue, venueToSocket, received } = bound();
    received(trade({ source: 'backfill' }));
    received(undefined);
    received(ticker());
    venue.clock = { estimate: null, failures: 1 };
    received(trade());
    expect(venueToSocket.summary()).toBeNull();
  });

  function bound() {
    const venue = latencies().venue('binance');
    return { venue, venueToSocket: venue.venueToSocket, received: venue.received.bind(venue) };
  }
});

describe('the latency from socket to output', () => {
  const figuresAfter = (now: number, fields: Parameters<typeof tradeEvent>[1] = {}) => {
    const all = latencies(now);
    all.emitted([trade(fields), trade(fields)]);
    return all.venue('binance').socketToEmitted.summary();
  };

  it('is measured once a frame', () => expect(figuresAfter(MICROS + 250)).toMatchObject({ count: 1, max: 0.25 }));
  it('excludes trades that were fetched to fill a gap', () =>
    expect(figuresAfter(MICROS + 250, { source: 'backfill' })).toBeNull());
  it('excludes trades whose latency is negative because the clock was set back', () =>
    expect(figuresAfter(MICROS - 3_600_000_000)).toBeNull());
  it('is measured for at most one record a millisecond, also after the wall clock was set back', () => {
    const all = latencies(MICROS + 50_000);
    const timed = [0, 400, 999, 1000, 1999, 2500, -3_600_000_000, -3_599_999_500, -3_599_999_000].filter((at) => {
      const record = trade({ receivedAt: MICROS + at });
      const timed = all.emitted([record, trade({ receivedAt: MICROS + at })]);
      expect([record, undefined]).toContain(timed);
      return timed !== undefined;
    });
    expect(timed).toEqual([0, 1000, 2500, -3_600_000_000, -3_599_999_000]);
  });
  it('does not fail without records', () => expect(() => latencies().emitted([])).not.toThrow());
});

it('Latencies keeps one instance for each venue and each sink', () => {
  const all = latencies();
  expect(all.venue('bybit')).toBe(all.venue('bybit'));
  expect(all.venue('bybit')).not.toBe(all.venue('binance'));
  expect(all.sink('file')).toBe(all.sink('file'));
  expect(all.sink('file')).not.toBe(all.sink('kafka'));
});
