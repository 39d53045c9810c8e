import type { CoinAnswer } from '../../src/gateway/api/feed-answers.ts';

/** In mode `all`, each venue has its own entry of a coin. REST answers for the first one. */
export function firstOfEachSymbol(coins: readonly CoinAnswer[]): readonly CoinAnswer[] {
  const seen = new Set<string>();
  return coins.filter(({ symbol }) => !seen.has(symbol) && seen.add(symbol));
}
