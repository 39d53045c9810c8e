import type { Distribution } from '../domain/metrics-snapshot.ts';
import type { LatencySummary } from '../domain/status-snapshot.ts';

/** Sixteen buckets for each doubling; below 16 µs one for each microsecond. */
const STEP_BITS = 4;
const STEPS = 2 ** STEP_BITS;
/** The longest latency with its own bucket, microseconds (134 s). Longer ones count in the last bucket. */
const LONGEST = 2 ** 27 - 1;
const BUCKETS = bucketOf(LONGEST) + 1;
/**
 * Upper bounds of the exported buckets, milliseconds. They are few, because each is a series of every metric. The first
 * is 0, for latencies below zero: a clock may be behind.
 */
export const BOUNDS_MS: readonly number[] = [
  0, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000,
];

/** The distribution of one latency, in 6 KiB. Negative latencies count, too: they show that our clock is behind. */
export class LatencyHistogram {
  /** The lower half is for negative latencies, mirrored at the middle. */
  readonly #counts = new Float64Array(2 * BUCKETS);
  /** Number of observations between each bound and the one before; the last counts those above all bounds. */
  readonly #between = new Float64Array(BOUNDS_MS.length + 1);
  #count = 0;
  #sum = 0;
  #max = Number.NEGATIVE_INFINITY;

  observe(ms: number): void {
    const micros = Math.max(-LONGEST, Math.min(LONGEST, Math.trunc(ms * 1000)));
    const bucket = micros < 0 ? BUCKETS - 1 - bucketOf(-micros) : BUCKETS + bucketOf(micros);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    let bound = 0;
    while (bound < BOUNDS_MS.length && ms > (BOUNDS_MS[bound] ?? 0)) bound++;
    this.#between[bound] = (this.#between[bound] ?? 0) + 1;
    this.#count++;
    this.#sum += Math.max(0, ms);
    if (ms > this.#max) this.#max = ms;
  }

  /** Quantiles since the start; null without observations. */
  summary(): LatencySummary | null {
    if (this.#count === 0) return null;
    return {
      count: this.#count,
      p50: this.#quantile(0.5),
      p99: this.#quantile(0.99),
      p999: this.#quantile(0.999),
      max: Math.round(this.#max * 1000) / 1000,
    };
  }

  /** Exact counts, for comparing two moments. Negative latencies add zero to the sum, which must not fall. */
  distribution(): Distribution {
    let within = 0;
    return {
      boundsMs: BOUNDS_MS,
      within: BOUNDS_MS.map((_, bound) => {
        within += this.#between[bound] ?? 0;
        return within;
      }),
      count: this.#count,
      sumMs: this.#sum,
    };
  }

  /** The middle of the quantile's bucket. */
  #quantile(share: number): number {
    let left = Math.ceil(share * this.#count);
    let bucket = -1;
    while (left > 0) left -= this.#counts[++bucket] ?? left;
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
