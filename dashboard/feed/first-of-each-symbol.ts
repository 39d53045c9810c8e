import type { CoinAnswer } from '../../src/gateway/api/feed-answers.ts';

/**
 * Keeps the first entry of each symbol. In mode `all`, a symbol has an entry for each venue, and REST answers with the
 * data of the first one.
 */
export function firstOfEachSymbol(coins: readonly CoinAnswer[]): readonly CoinAnswer[] {
  const seen = new Set<string>();
  return coins.filter(({ symbol }) => !seen.has(symbol) && seen.add(symbol));
}
