import type { CoinAnswer } from '../../src/gateway/api/feed-answers.ts';

/** Where venues do not take turns a coin is told once for each: the first is the one that REST answers for. */
export function firstOfEachSymbol(coins: readonly CoinAnswer[]): readonly CoinAnswer[] {
  const seen = new Set<string>();
  return coins.filter(({ symbol }) => !seen.has(symbol) && seen.add(symbol));
}
