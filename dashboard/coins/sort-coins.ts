import { compareDecimals, type Decimal } from '../../src/domain/decimal.ts';

export type SortKey = 'listed' | 'coin' | 'price' | 'change' | 'trades' | 'flow' | 'venue' | 'age';

export interface Sorting {
  readonly key: SortKey;
  readonly descending: boolean;
}

/** The values of a row that rows are sorted by. */
export interface SortFigures {
  readonly coin: string;
  readonly price: Decimal | null;
  readonly change: Decimal | null;
  readonly trades: number;
  readonly buyRatio: number | null;
  readonly venue: string;
  readonly age: number;
}

type Compare = (a: SortFigures, b: SortFigures) => number;

const COMPARE: Readonly<Record<Exclude<SortKey, 'listed'>, Compare>> = {
  coin: (a, b) => a.coin.localeCompare(b.coin, 'en'),
  price: (a, b) => nullsLow(a.price, b.price, compareDecimals),
  change: (a, b) => nullsLow(a.change, b.change, compareDecimals),
  trades: (a, b) => a.trades - b.trades,
  flow: (a, b) => nullsLow(a.buyRatio, b.buyRatio, (x, y) => x - y),
  venue: (a, b) => a.venue.localeCompare(b.venue, 'en'),
  age: (a, b) => a.age - b.age,
};

/** Sorts rows by a key. Equal rows, and all rows with the key `listed`, stay in the feed's order. */
export function sortCoins<T>(rows: readonly T[], figures: (row: T) => SortFigures, { key, descending }: Sorting): T[] {
  if (key === 'listed') return [...rows];
  const compare = COMPARE[key];
  return rows
    .map((row) => ({ row, by: figures(row) }))
    .sort((a, b) => (descending ? compare(b.by, a.by) : compare(a.by, b.by)))
    .map(({ row }) => row);
}

/**
 * The sorting after a click on a column's head. The first click sorts numbers from the highest and words from A, the
 * second one reverses the order, the third one restores the feed's order.
 */
export function nextSorting(now: Sorting, key: SortKey): Sorting {
  const first = key !== 'coin' && key !== 'venue';
  if (now.key !== key) return { key, descending: first };
  return now.descending === first ? { key, descending: !first } : { key: 'listed', descending: false };
}

function nullsLow<V>(a: V | null, b: V | null, compare: (a: V, b: V) => number): number {
  if (a === null || b === null) return (a === null ? 0 : 1) - (b === null ? 0 : 1);
  return compare(a, b);
}
