import type { LatencyFigures } from '../domain/feed-snapshot.ts';

/** Sixteen buckets for each doubling; below 16 µs one for each microsecond. */
const STEP_BITS = 4;
const STEPS = 2 ** STEP_BITS;
/** Microseconds; what is longer (134 s) counts in the last bucket. */
const LONGEST = 2 ** 27 - 1;
const BUCKETS = bucketOf(LONGEST) + 1;

/**
 * The distribution of one latency since it was made, in 6 KiB whatever comes. Below zero too: a clock may be behind the
 * venue's, and that is worth seeing, not hiding.
 */
export class LatencyHistogram {
  /** Mirrored at the middle: what is below zero counts downwards from there. */
  readonly #counts = new Float64Array(2 * BUCKETS);
  #count = 0;
  #max = Number.NEGATIVE_INFINITY;

  observe(ms: number): void {
    const micros = Math.max(-LONGEST, Math.min(LONGEST, Math.trunc(ms * 1000)));
    const bucket = micros < 0 ? BUCKETS - 1 - bucketOf(-micros) : BUCKETS + bucketOf(micros);
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#count++;
    if (ms > this.#max) this.#max = ms;
  }

  /** Null: nothing was observed. */
  figures(): LatencyFigures | null {
    if (this.#count === 0) return null;
    return {
      count: this.#count,
      p50: this.#quantile(0.5),
      p99: this.#quantile(0.99),
      p999: this.#quantile(0.999),
      max: Math.round(this.#max * 1000) / 1000,
    };
  }

  /** The middle of the bucket where the `share` lowest observations end. */
  #quantile(share: number): number {
    let left = Math.ceil(share * this.#count);
    let bucket = -1;
    while (left > 0) left -= this.#counts[++bucket] as number;
    const micros = bucket < BUCKETS ? -middleOf(BUCKETS - 1 - bucket) : middleOf(bucket - BUCKETS);
    return Math.min(micros, Math.round(this.#max * 1000)) / 1000;
  }
}

function bucketOf(micros: number): number {
  if (micros < STEPS) return micros;
  const shift = 31 - Math.clz32(micros) - STEP_BITS;
  return shift * STEPS + (micros >> shift);
}

function middleOf(bucket: number): number {
  if (bucket < STEPS) return bucket;
  const shift = Math.floor(bucket / STEPS) - 1;
  return (bucket - shift * STEPS + 0.5) * 2 ** shift;
}
