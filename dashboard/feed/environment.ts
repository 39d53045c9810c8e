import type { CoinAnswer } from '../../src/gateway/api/feed-answers.ts';

export type Environment = NonNullable<CoinAnswer['environment']>;

/** The environments, from the real market to the least real one. */
const FROM_BEST: readonly Environment[] = ['production', 'replay', 'testnet', 'simulated'];

/** The environment to name on a page that shows all of these: the least real one. Undefined if none is known. */
export function worstEnvironment(shown: readonly (Environment | null | undefined)[]): Environment | undefined {
  return FROM_BEST.findLast((name) => shown.includes(name));
}

/** True if an environment differs from the environment of the whole feed. */
export function isOdd(environment: Environment | null, ofFeed: Environment | null | undefined): boolean {
  return environment !== null && environment !== (ofFeed ?? 'production');
}

interface OfEnvironment {
  readonly coin: string;
  readonly environment: Environment | null;
}

/** The coins with test data; empty if all coins have test data. */
export function testDataOf(coins: readonly OfEnvironment[]): readonly string[] {
  const known = coins.filter(({ environment }) => environment !== null);
  const test = known.filter(({ environment }) => environment !== 'production');
  return test.length === known.length ? [] : test.map(({ coin }) => coin);
}
