import { describe, expect, it } from 'vitest';
import { switchNote } from '../../../src/feed/status/switch-note.ts';
import { aggTrade, tradeEvent } from '../../../testing/judges/events.ts';

const over = { from: 'bybit', to: 'binance', reason: 'stale', back: false, symbol: null, coin: undefined };

const ofAll = (from: string | null) => ({
  from,
  to: 'binance',
  lastId: null,
  lastTimestamp: null,
  firstId: null,
  firstTimestamp: null,
});

describe('switchNote', () => {
  it('describes a switch of all symbols, with the known last and first trade of each in its details', () => {
    const note = switchNote(over, [
      { symbol: 'BTCUSDT', last: aggTrade(7, 9, { timestamp: 100 }), first: tradeEvent(70, { timestamp: 130 }) },
      { symbol: 'ETHUSDT', last: tradeEvent(5, { timestamp: 110 }), first: undefined },
      { symbol: 'SOLUSDT', last: undefined, first: undefined },
    ]);
    expect(note).toEqual({
      state: 'failed_over',
      reason: 'bybit → binance: stale',
      venue: 'binance',
      symbol: null,
      coin: null,
      cause: 'stale',
      switch: ofAll('bybit'),
      details: {
        symbols: '3',
        'last_id.BTCUSDT': '9',
        'last_timestamp.BTCUSDT': '100',
        'first_id.BTCUSDT': '70',
        'first_timestamp.BTCUSDT': '130',
        'last_id.ETHUSDT': '5',
        'last_timestamp.ETHUSDT': '110',
      },
    });
  });

  it('names the number of symbols in a switch of many symbols', () => {
    const turns = Array.from({ length: 26 }, (_, index) => ({
      symbol: `S${index}`,
      last: tradeEvent(index, { timestamp: 100 + index }),
      first: undefined,
    }));
    expect(switchNote(over, turns)).toMatchObject({ switch: ofAll('bybit'), details: { symbols: '26' } });
  });

  it('describes a switch of one symbol, with its last and first trade', () => {
    const one = { ...over, symbol: 'BTCUSDT', coin: 'BTC' };
    const last = aggTrade(7, 9, { timestamp: 100 });
    const first = tradeEvent(70, { timestamp: 130 });
    expect(switchNote(one, [{ symbol: 'BTCUSDT', last, first }])).toMatchObject({
      symbol: 'BTCUSDT',
      coin: 'BTC',
      switch: { ...ofAll('bybit'), lastId: '9', lastTimestamp: 100, firstId: '70', firstTimestamp: 130 },
    });
  });

  it('describes a failback of a symbol that no venue served before', () => {
    const back = { ...over, from: null, reason: 'preferred_again', back: true, symbol: 'BTCUSDT', coin: 'BTC' };
    const reason = 'none → binance: preferred again';
    expect(switchNote(back, [])).toMatchObject({ state: 'failed_back', reason, switch: ofAll(null) });
  });
});
