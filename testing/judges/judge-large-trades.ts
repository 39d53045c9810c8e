import { isDeepStrictEqual } from 'node:util';
import type { FeedRecord, LargeTrade, TradeEvent } from '../../src/domain/record.ts';
import { grouped } from './journal.ts';
import { decimalOf, halfEven, scaled } from './naive-decimal.ts';

const MOST = 1000;
const LEAST = 100;

export interface LargeTradesOptions {
  /** Trades that the mean is taken of, at most. */
  readonly most?: number;
  /** A process was killed: what it had found and not written is missing. */
  readonly mayMiss?: boolean;
}

/** Lists, at most 20, where a run's large trades differ from those that its trades make. After a lost trade it lists none. */
export function largeTradeProblems(
  records: readonly FeedRecord[],
  threshold: number,
  { most = MOST, mayMiss = false }: LargeTradesOptions = {},
): string[] {
  const place = ({ venue, symbol, epoch }: TradeEvent | LargeTrade) => `${venue} ${symbol} ${epoch}`;
  const trades = grouped(
    records.filter((record) => record.kind === 'trade'),
    place,
  );
  const large = grouped(
    records.filter((record) => record.kind === 'large_trade'),
    place,
  );
  return [...trades]
    .flatMap(([name, own]) => {
      const found = large.get(name) ?? [];
      const published = new Set(found.map(({ tradeId }) => tradeId));
      const expected = largeOf(own, threshold, most).filter(({ tradeId }) => !mayMiss || published.has(tradeId));
      const at = expected.findIndex((one, index) => found[index] === undefined || !isSame(found[index], one));
      if (at >= 0) return [`${name}: ${JSON.stringify(found[at])} instead of ${JSON.stringify(expected[at])}`];
      return found.length > expected.length ? [`${name}: ${JSON.stringify(found[expected.length])} is none`] : [];
    })
    .slice(0, 20);
}

function largeOf(trades: readonly TradeEvent[], threshold: number, most: number): LargeTrade[] {
  const counted = trades.filter(({ conditions }) => !conditions.includes('block'));
  return counted.flatMap((trade, at): LargeTrade[] => {
    const before = counted.slice(Math.max(0, at - most), at);
    if (before.length < LEAST) return [];
    const sum = before.reduce((total, { quantity }) => total + scaled(quantity), 0n);
    const count = BigInt(before.length);
    if (scaled(trade.quantity) * count < BigInt(threshold) * sum) return [];
    const multiple = Number(scaled(trade.quantity) * count) / Number(sum);
    return [{ ...trade, kind: 'large_trade', averageQuantity: decimalOf(halfEven(sum, count)), multiple }];
  });
}

/** The multiple is worked out with floats here. */
function isSame({ multiple, ...found }: LargeTrade, { multiple: expected, ...wanted }: LargeTrade): boolean {
  return isDeepStrictEqual(found, wanted) && Math.abs(multiple - expected) < 1e-12 * expected;
}
