import type { CoinAnswer } from '../../src/gateway/api/feed-answers.ts';

/** Keeps the first entry of each symbol: in mode `all`, each venue has an entry. REST answers for the first one. */
export function firstOfEachSymbol(coins: readonly CoinAnswer[]): readonly CoinAnswer[] {
  const seen = new Set<string>();
  return coins.filter(({ symbol }) => !seen.has(symbol) && seen.add(symbol));
}
