import { describe, expect, it } from 'vitest';
import type { Kline } from '../../../src/domain/record.ts';
import type { Candle } from '../../../src/market/candles/candle.ts';
import { CandleBuilder } from '../../../src/market/candles/candle-builder.ts';
import { CandleCheck } from '../../../src/market/candles/candle-check.ts';
import { type AnyTrade, tradeOf } from '../trades/any-trades.ts';

const MINUTE = 60_000;

function candle(openTime: number, more: Partial<Candle> = {}): Candle {
  return {
    interval: '1m',
    openTime,
    closeTime: openTime + MINUTE - 1,
    open: '100',
    high: '101',
    low: '99',
    close: '100.5',
    volume: '10',
    quoteVolume: '1000',
    tradeCount: 5,
    closed: true,
    ...more,
  };
}

function kline(ours: Candle, more: Partial<Kline> = {}): Kline {
  return {
    kind: 'kline',
    venue: 'binance',
    symbol: 'BTCUSDT',
    venueSymbol: 'BTCUSDT',
    coin: 'BTC',
    environment: 'production',
    epoch: 1,
    receivedAt: 0,
    timestamp: ours.closeTime + 5,
    takerBuyVolume: null,
    takerBuyQuoteVolume: null,
    ...ours,
    ...more,
  };
}

/** Compares the candles of the first minute. `more`: the fields in which the venue's candle differs from ours. */
function differenceOf(more: Partial<Kline>, prepare: (check: CandleCheck) => void = () => {}) {
  const check = new CandleCheck('1m');
  prepare(check);
  check.venue(kline(candle(0), more));
  check.ours(candle(0));
  const [difference] = check.ours(candle(MINUTE));
  return { difference, counts: check.counts };
}

const late = tradeOf(['buy', '101', '2', 30_000]);

describe('CandleCheck', () => {
  it('compares a candle once our next one has closed, whichever side came first', () => {
    const check = new CandleCheck('1m');
    check.ours(candle(0));
    check.venue(kline(candle(0)));
    expect(check.counts.compared).toBe(0);
    check.ours(candle(MINUTE));
    expect(check.counts).toMatchObject({ compared: 1, equal: 1 });
    check.ours(candle(2 * MINUTE));
    expect(check.venue(kline(candle(MINUTE), { high: '102' }))).toEqual([
      {
        venue: kline(candle(MINUTE), { high: '102' }),
        ours: candle(MINUTE),
        fields: ['high'],
        causes: ['unexplained'],
      },
    ]);
    expect(check.counts).toMatchObject({ compared: 2, equal: 1 });
    check.venue(kline(candle(2 * MINUTE)));
    check.flush();
    expect(check.counts).toMatchObject({ compared: 3, equal: 2 });
  });

  it('ignores an open candle of the venue', () => {
    const { difference, counts } = differenceOf({ closed: false, volume: '1' });
    expect(difference).toBeUndefined();
    expect(counts.compared).toBe(0);
  });

  it('counts differences by field', () => {
    const { difference, counts } = differenceOf({ open: '1', volume: '12', tradeCount: 6, quoteVolume: '1200' });
    expect(difference?.fields).toEqual(['open', 'volume', 'quoteVolume', 'tradeCount']);
    expect(counts.fields).toEqual({ open: 1, high: 0, low: 0, close: 0, volume: 1, quoteVolume: 1, tradeCount: 1 });
    expect(counts.causes).toMatchObject({ unexplained: 1, gap: 0 });
  });

  it('does not compare a trade count that the venue does not send', () => {
    expect(differenceOf({ tradeCount: null }).counts.equal).toBe(1);
  });

  it('tolerates a difference of the quote volume of 10⁻⁸ per trade', () => {
    expect(differenceOf({ quoteVolume: '1000.00000005' }).counts.equal).toBe(1);
    expect(differenceOf({ quoteVolume: '1000.000000050000000001' }).difference?.fields).toEqual(['quoteVolume']);
  });

  it.each([
    ['late_trade', '12', (check: CandleCheck) => check.noteLeftOut(late, 'late')],
    ['block_trade', '12', (check: CandleCheck) => check.noteLeftOut(late, 'block')],
    ['gap', '12', (check: CandleCheck) => check.noteGap(59_999, 70_000)],
    ['unexplained', '12', (check: CandleCheck) => check.noteGap(60_000, 70_000)],
    ['unexplained', '12.5', (check: CandleCheck) => check.noteLeftOut(late, 'late')],
    ['unexplained', '12', (check: CandleCheck) => check.noteLeftOut({ ...late, timestamp: 60_000 }, 'late')],
  ] as const)('reports the cause %s when the venue has the volume %s (case %#)', (cause, volume, prepare) => {
    const { difference, counts } = differenceOf({ volume }, prepare);
    expect(difference?.causes).toEqual([cause]);
    expect(counts.causes[cause]).toBe(1);
  });

  it('reports both causes when a late and a block trade explain the difference together', () => {
    const { difference } = differenceOf({ volume: '14' }, (check) => {
      check.noteLeftOut(late, 'late');
      check.noteLeftOut(late, 'block');
    });
    expect(difference?.causes).toEqual(['late_trade', 'block_trade']);
  });

  it('explains a trade count by backfilled aggregated trades only if the volume matches', () => {
    const aggregated: AnyTrade = { ...late, source: 'backfill', tradeId: '7', lastTradeId: '9' };
    const prepare = (check: CandleCheck): void => check.noteTrade(aggregated);
    expect(differenceOf({ tradeCount: 7 }, prepare).difference?.causes).toEqual(['aggregated_backfill']);
    expect(differenceOf({ tradeCount: 7, volume: '11' }, prepare).difference?.causes).toEqual(['unexplained']);
    const live = (check: CandleCheck): void => check.noteTrade({ ...aggregated, source: 'live' });
    expect(differenceOf({ tradeCount: 7 }, live).difference?.causes).toEqual(['unexplained']);
  });

  it('treats a candle that only the venue has as equal if it is empty, else as different in every field', () => {
    const check = new CandleCheck('1m');
    check.venue(kline(candle(0), { volume: '0', quoteVolume: '0', tradeCount: 0 }));
    check.venue(kline(candle(MINUTE)));
    const differences = check.ours(candle(2 * MINUTE));
    expect(check.counts).toMatchObject({ compared: 2, equal: 1 });
    expect(differences).toMatchObject([{ ours: undefined, fields: { length: 7 }, causes: ['unexplained'] }]);
  });

  it('compares a candle only once when the venue sends it again', () => {
    const check = new CandleCheck('1m');
    for (const minute of [0, 1, 2]) {
      check.venue(kline(candle(minute * MINUTE)));
      check.ours(candle(minute * MINUTE));
    }
    expect(check.venue(kline(candle(MINUTE)))).toEqual([]);
    expect(check.counts).toMatchObject({ compared: 2, equal: 2 });
  });

  it('reports late_trade when a trade arrives after its candle has closed', () => {
    const check = new CandleCheck('1m');
    const builder = new CandleBuilder({ interval: '1m', onLeftOut: (trade, why) => check.noteLeftOut(trade, why) });
    const trades = [
      tradeOf(['buy', '100', '1', 10_000]),
      tradeOf(['buy', '100', '1', 61_000]),
      tradeOf(['sell', '98', '0.5', 59_000]),
      tradeOf(['buy', '100', '1', 121_000]),
    ];
    const venue = {
      open: '100',
      high: '100',
      low: '98',
      close: '98',
      volume: '1.5',
      quoteVolume: '149',
      tradeCount: 2,
    };
    check.venue(kline(candle(0), venue));
    const differences = trades.flatMap((trade) => builder.add(trade).flatMap((closed) => check.ours(closed)));
    expect(differences).toMatchObject([
      { fields: ['low', 'close', 'volume', 'quoteVolume', 'tradeCount'], causes: ['late_trade'] },
    ]);
  });

  it('remembers at most 64 intervals', () => {
    const check = new CandleCheck('1m');
    for (let minute = 0; minute < 100; minute++) check.venue(kline(candle(minute * MINUTE)));
    check.ours(candle(200 * MINUTE));
    expect(check.counts.compared).toBe(64);
  });
});
