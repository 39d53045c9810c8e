import type { CoinAnswer } from '../../src/gateway/api/feed-answers.ts';

export type Environment = NonNullable<CoinAnswer['environment']>;

/** From the real market to the environment that has least in common with it. */
const FROM_BEST: readonly Environment[] = ['production', 'replay', 'testnet', 'simulated'];

/** The environment to name on a page that shows all of these: the least real one. Undefined if none is known. */
export function worstEnvironment(shown: readonly (Environment | null | undefined)[]): Environment | undefined {
  return FROM_BEST.findLast((name) => shown.includes(name));
}

/** True if an environment differs from that of the whole feed. */
export function isOdd(environment: Environment | null, ofFeed: Environment | null | undefined): boolean {
  return environment !== null && environment !== (ofFeed ?? 'production');
}

interface OfEnvironment {
  readonly coin: string;
  readonly environment: Environment | null;
}

/** The coins that do not come from the real market; none where that is true of all. */
export function testDataOf(coins: readonly OfEnvironment[]): readonly string[] {
  const known = coins.filter(({ environment }) => environment !== null);
  const test = known.filter(({ environment }) => environment !== 'production');
  return test.length === known.length ? [] : test.map(({ coin }) => coin);
}
