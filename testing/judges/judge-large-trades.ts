import { isDeepStrictEqual } from 'node:util';
import type { FeedRecord, LargeTrade, TradeEvent } from '../../src/domain/record.ts';
import { grouped } from './journal.ts';
import { decimalOf, halfEven, scaled } from './naive-decimal.ts';

const MAX_HISTORY = 1000;
const MIN_HISTORY = 100;

export interface LargeTradesOptions {
  /** The mean is computed from at most this many trades. */
  readonly most?: number;
  /** True if a process was killed: it may have found large trades without writing them. */
  readonly mayMiss?: boolean;
}

/**
 * Compares the large trades of a run with the ones computed from its trades. Returns the first difference of each
 * venue, symbol and epoch as text, at most 20.
 */
export function largeTradeProblems(
  records: readonly FeedRecord[],
  threshold: number,
  { most = MAX_HISTORY, mayMiss = false }: LargeTradesOptions = {},
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
      const expected = expectedLargeTrades(own, threshold, most).filter(
        ({ tradeId }) => !mayMiss || published.has(tradeId),
      );
      const at = expected.findIndex((one, index) => found[index] === undefined || !isSame(found[index], one));
      if (at >= 0) return [`${name}: ${JSON.stringify(found[at])} instead of ${JSON.stringify(expected[at])}`];
      return found.length > expected.length ? [`${name}: ${JSON.stringify(found[expected.length])} is none`] : [];
    })
    .slice(0, 20);
}

function expectedLargeTrades(trades: readonly TradeEvent[], threshold: number, most: number): LargeTrade[] {
  const counted = trades.filter(({ conditions }) => !conditions.includes('block'));
  const quantities = counted.map(({ quantity }) => scaled(quantity));
  return counted.flatMap((trade, at): LargeTrade[] => {
    const before = quantities.slice(Math.max(0, at - most), at);
    const quantity = scaled(trade.quantity);
    if (before.length < MIN_HISTORY) return [];
    const sum = before.reduce((total, each) => total + each, 0n);
    const count = BigInt(before.length);
    if (quantity * count < BigInt(threshold) * sum) return [];
    const multiple = Number(quantity * count) / Number(sum);
    return [{ ...trade, kind: 'large_trade', averageQuantity: decimalOf(halfEven(sum, count)), multiple }];
  });
}

/** Compares the multiple with a tolerance, because it is computed with floats here. */
function isSame({ multiple, ...found }: LargeTrade, { multiple: expected, ...wanted }: LargeTrade): boolean {
  return isDeepStrictEqual(found, wanted) && Math.abs(multiple - expected) < 1e-12 * expected;
}
