import type { Coin } from '../../src/gateway/api/api.ts';

/** Where venues do not take turns a coin is told once for each: the first is the one that REST answers for. */
export function firstOfEachSymbol(coins: readonly Coin[]): readonly Coin[] {
  const seen = new Set<string>();
  return coins.filter(({ symbol }) => !seen.has(symbol) && seen.add(symbol));
}
