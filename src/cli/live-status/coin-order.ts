import type { CoinSnapshot, StatusSnapshot } from '../../domain/status-snapshot.ts';

/** A coin of the list. In mode `all`, each venue of a symbol is a coin of its own. */
export interface ListedCoin extends CoinSnapshot {
  readonly id: string;
}

export const SORTS = ['list', 'name', '24 h', 'trades/s', 'age'] as const;
export type Sort = (typeof SORTS)[number];

type Order = (a: ListedCoin, b: ListedCoin) => number;

const ORDERS: Readonly<Record<Exclude<Sort, 'list'>, Order>> = {
  name: (a, b) => a.coin.localeCompare(b.coin),
  '24 h': (a, b) => changeOf(b.change24h) - changeOf(a.change24h),
  'trades/s': (a, b) => b.tradesPerSecond - a.tradesPerSecond,
  age: (a, b) => (b.ageMs ?? Number.MAX_VALUE) - (a.ageMs ?? Number.MAX_VALUE),
};

/** The coins that match the filter, in the chosen order. Coins that are equal keep the order of the configuration. */
export function listedCoins(
  snapshot: StatusSnapshot,
  { filter, sort }: { readonly filter: string; readonly sort: Sort },
): readonly ListedCoin[] {
  const coins = coinsWithIds(snapshot).filter(({ coin }) => coin.includes(filter.toUpperCase()));
  return sort === 'list' ? coins : coins.toSorted(ORDERS[sort]);
}

export function coinsWithIds({ coins, mode }: StatusSnapshot): readonly ListedCoin[] {
  return coins.map((coin) => ({ ...coin, id: mode === 'all' ? `${coin.venue}:${coin.symbol}` : coin.symbol }));
}

function changeOf(change: string | null): number {
  return change === null ? -Number.MAX_VALUE : Number(change);
}
