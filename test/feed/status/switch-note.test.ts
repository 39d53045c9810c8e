import { describe, expect, it } from 'vitest';
import { switchNote } from '../../../src/feed/status/switch-note.ts';
import { aggTrade, tradeEvent } from '../../../testing/judges/events.ts';

const over = { from: 'bybit', to: 'binance', reason: 'stale', back: false, symbol: null, coin: undefined };

describe('switchNote', () => {
  it('names both sides of the seam of each symbol, as far as they are known', () => {
    const note = switchNote(over, [
      { symbol: 'BTCUSDT', last: aggTrade(7, 9, { timestamp: 100 }), first: tradeEvent(70, { timestamp: 130 }) },
      { symbol: 'ETHUSDT', last: tradeEvent(5, { timestamp: 110 }), first: undefined },
      { symbol: 'SOLUSDT', last: undefined, first: undefined },
    ]);
    expect(note).toEqual({
      state: 'failed_over',
      reason: 'bybit → binance: stale',
      venue: 'binance',
      details: {
        from: 'bybit',
        to: 'binance',
        reason: 'stale',
        symbols: '3',
        last_timestamp: '110',
        first_timestamp: '130',
        'last_id.BTCUSDT': '9',
        'last_timestamp.BTCUSDT': '100',
        'first_id.BTCUSDT': '70',
        'first_timestamp.BTCUSDT': '130',
        'last_id.ETHUSDT': '5',
        'last_timestamp.ETHUSDT': '110',
      },
    });
  });

  it('gives a summary where there are many', () => {
    const turns = Array.from({ length: 26 }, (_, index) => ({
      symbol: `S${index}`,
      last: tradeEvent(index, { timestamp: 100 + index }),
      first: undefined,
    }));
    expect(switchNote(over, turns).details).toEqual({
      from: 'bybit',
      to: 'binance',
      reason: 'stale',
      symbols: '26',
      last_timestamp: '125',
    });
  });

  it('speaks of one coin, and of the way back', () => {
    const note = switchNote(
      { ...over, from: null, reason: 'preferred_again', back: true, symbol: 'BTCUSDT', coin: 'BTC' },
      [],
    );
    expect(note).toMatchObject({ state: 'failed_back', coin: 'BTC', reason: 'nobody → binance: preferred again' });
    expect(note.details).toMatchObject({ symbol: 'BTCUSDT', from: '' });
  });
});
