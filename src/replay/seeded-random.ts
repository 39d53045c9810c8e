import { Random } from '../simulator/market/random.ts';

/** Uniform in [0, 1), the same from the same seed (32 bits): good enough to scatter retries. */
export function seededRandom(seed: number): () => number {
  const random = new Random(seed);
  return () => random.fraction();
}
