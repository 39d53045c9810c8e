/** The seed of all random values in tests. It is fixed, except under `make fuzz`, which sets another one. */
const FIXED_SEED = 20_261_124;

const given = process.env.MARKET_FEED_FUZZ_SEED;

export const isFuzz: boolean = given !== undefined;
export const testSeed: number = given === undefined ? FIXED_SEED : Number(given);

let current = testSeed;

/** The seed for a test that draws without fast-check: `testSeed`, or the seed of the fuzz case that is played. */
export const currentSeed = (): number => current;

export function setCurrentSeed(seed: number): void {
  current = seed;
}

/**
 * Number of runs of a property that takes long. With the fixed seed of the suite it is a quarter of `count`. With the seed of
 * `make fuzz` or of a fuzz case it is `count`, so that a case meets its failure again. Call it within the test.
 */
export const runs = (count: number): number => (current === FIXED_SEED ? Math.ceil(count / 4) : count);
