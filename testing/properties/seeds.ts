/** The seed of all that tests draw at random: always the same, but under `make fuzz`, which gives another one. */
const FIXED_SEED = 20_261_124;

const given = process.env.MARKET_FEED_FUZZ_SEED;

export const isFuzz: boolean = given !== undefined;
export const testSeed: number = given === undefined ? FIXED_SEED : Number(given);

let current = testSeed;

/** What a test that draws without fast-check begins with: `testSeed`, or that of the fuzz case that is played. */
export const currentSeed = (): number => current;

export function setCurrentSeed(seed: number): void {
  current = seed;
}
