import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unscaled } from '../../../src/domain/decimal.ts';
import { KLINE_INTERVALS, type KlineInterval } from '../../../src/domain/instrument.ts';
import type { Candle } from '../../../src/market/candles/candle.ts';
import { CandleBuilder } from '../../../src/market/candles/candle-builder.ts';
import { CandleLadder } from '../../../src/market/candles/candle-ladder.ts';
import { type AnyTrade, anyTrades, tradeOf } from '../trades/any-trades.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

/** Pauses from milliseconds to months between the trades. */
const longTrades: fc.Arbitrary<readonly AnyTrade[]> = fc
  .tuple(
    anyTrades(80),
    fc.array(fc.constantFrom(0, 900, 50_000, 3_000_000, 80_000_000, 2_000_000_000), { minLength: 80, maxLength: 80 }),
  )
  .map(([trades, pauses]) => {
    let paused = 0;
    return trades.map((trade, index) => {
      paused += pauses[index] ?? 0;
      return { ...trade, timestamp: trade.timestamp + paused };
    });
  });

describe('CandleLadder', () => {
  it('makes of any intervals the candles that each would have of its own', () => {
    fc.assert(
      fc.property(longTrades, fc.subarray([...KLINE_INTERVALS], { minLength: 1 }), (trades, intervals) => {
        const end = tradeOf(['buy', '1', '1', (trades.at(-1)?.timestamp ?? 0) + 100 * DAY]);
        // The last two close what is open, and then what that was put into.
        const all = [...trades, end, { ...end, timestamp: 2 * end.timestamp }];
        const ladder = new CandleLadder({ intervals, allowedLatenessMs: 2000 });
        const made = all.flatMap((trade) => ladder.add(trade));
        for (const interval of intervals) {
          const builder = new CandleBuilder({ interval, allowedLatenessMs: 2000 });
          const own = all.flatMap((trade) => builder.add(trade));
          const before = (candle: Candle) => candle.interval === interval && candle.closeTime < end.timestamp;
          expectSame(made.filter(before), own.filter(before));
        }
      }),
    );
  });

  it('closes a longer candle with the last shorter one inside it', () => {
    const ladder = new CandleLadder({ intervals: ['5m', '1m', '15m'] });
    const at = (time: number) => ladder.add(tradeOf(['buy', '100', '1', time])).map(nameOf);
    expect(at(0)).toEqual([]);
    expect(at(4 * MINUTE)).toEqual(['1m 0']);
    expect(at(5 * MINUTE)).toEqual(['1m 4', '5m 0']);
    expect(at(15 * MINUTE)).toEqual(['1m 5']);
    expect(at(16 * MINUTE)).toEqual(['1m 15', '5m 5', '15m 0']);
  });

  it('tells of a trade that is too late for the shortest, for each interval made of it', () => {
    const told: string[] = [];
    const intervals: readonly KlineInterval[] = ['3m', '1m', '1h'];
    const ladder = new CandleLadder({ intervals, onLeftOut: (_, why, interval) => told.push(`${why} ${interval}`) });
    ladder.add(tradeOf(['buy', '100', '1', 0]));
    ladder.add(tradeOf(['buy', '100', '1', MINUTE]));
    ladder.add(tradeOf(['buy', '100', '5', 30_000]));
    expect(told).toEqual(['late 1m', 'late 3m', 'late 1h']);
    ladder.add(tradeOf(['buy', '100', '1', 2 * MINUTE]));
    const closed = ladder.add(tradeOf(['buy', '100', '1', 3 * MINUTE]));
    expect(closed.map(({ interval, volume }) => [interval, volume])).toEqual([
      ['1m', '1'],
      ['3m', '3'],
    ]);
    ladder.add({ ...tradeOf(['buy', '100', '5', 30_000]), conditions: ['block'] });
    expect(told.slice(3)).toEqual(['block 1m', 'block 3m', 'block 1h']);
  });
});

/** But for what is rounded at the eighteenth place of a candle, and again at that of one made of it. */
function expectSame(made: readonly Candle[], own: readonly Candle[]): void {
  expect(made.map(withoutQuote)).toEqual(own.map(withoutQuote));
  for (const [index, { quoteVolume, tradeCount }] of own.entries()) {
    const off = Number(unscaled(made[index]?.quoteVolume ?? '0') - unscaled(quoteVolume));
    expect(Math.abs(off)).toBeLessThanOrEqual(tradeCount);
  }
}

function withoutQuote({ quoteVolume: _, ...rest }: Candle): Omit<Candle, 'quoteVolume'> {
  return rest;
}

function nameOf({ interval, openTime }: Candle): string {
  return `${interval} ${openTime / MINUTE}`;
}
