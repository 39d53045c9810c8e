import type { Distribution } from '../domain/metrics-snapshot.ts';
import type { LatencySummary } from '../domain/status-snapshot.ts';

/** The histogram has sixteen buckets for each doubling of the latency; below 16 µs, one for each microsecond. */
const STEP_BITS = 4;
const STEPS = 2 ** STEP_BITS;
/** The longest latency with its own bucket, microseconds (134 s). Longer ones count in the last bucket. */
const LONGEST = 2 ** 27 - 1;
const BUCKETS = bucketOf(LONGEST) + 1;
/**
 * Upper bounds of the exported buckets, milliseconds. They are few, because each bound is a time series of every
 * metric. The first is 0, for latencies below zero: a clock may be behind.
 */
export const BOUNDS_MS: readonly number[] = [
  0, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000,
];

/** Half of the longest time that `recent` covers, milliseconds. */
const HALF_MS = 30_000;

/**
 * The distribution of one latency, in 18 KiB of memory. Negative latencies count, too: they show that our clock is
 * behind.
 */
export class LatencyHistogram {
  readonly #all = new Counts();
  /** The observations of the current half minute, and of the half minute before it. */
  #newer = new Counts();
  #older = new Counts();
  #turnedAt = Number.NEGATIVE_INFINITY;
  /**
   * Number of observations between each bound and the bound before it. The last number counts the observations above
   * all bounds.
   */
  readonly #between = new Float64Array(BOUNDS_MS.length + 1);
  #sum = 0;

  observe(ms: number): void {
    const micros = Math.max(-LONGEST, Math.min(LONGEST, Math.trunc(ms * 1000)));
    const bucket = micros < 0 ? BUCKETS - 1 - bucketOf(-micros) : BUCKETS + bucketOf(micros);
    this.#all.add(bucket, ms);
    this.#newer.add(bucket, ms);
    let bound = 0;
    while (bound < BOUNDS_MS.length && ms > (BOUNDS_MS[bound] ?? 0)) bound++;
    this.#between[bound] = (this.#between[bound] ?? 0) + 1;
    this.#sum += Math.max(0, ms);
  }

  /** Quantiles since the start; null without observations. */
  summary(): LatencySummary | null {
    return this.#all.summary();
  }

  /**
   * Quantiles of the last 30 to 60 s, if it is called every few seconds; otherwise of a longer time. Null without
   * observations. `now`: milliseconds by any clock.
   */
  recent(now: number): LatencySummary | null {
    if (now - this.#turnedAt >= HALF_MS) {
      this.#older = this.#newer;
      this.#newer = new Counts();
      this.#turnedAt = now;
    }
    return this.#older.plus(this.#newer).summary();
  }

  /** Exact counts since the start, for comparing two moments. Negative latencies add zero to the sum, which must not fall. */
  distribution(): Distribution {
    let within = 0;
    return {
      boundsMs: BOUNDS_MS,
      within: BOUNDS_MS.map((_, bound) => {
        within += this.#between[bound] ?? 0;
        return within;
      }),
      count: this.#all.count,
      sumMs: this.#sum,
    };
  }
}

/** Counts observations in fine buckets. */
class Counts {
  count = 0;
  #max = Number.NEGATIVE_INFINITY;
  /** The lower half is for negative latencies, mirrored at the middle. */
  readonly #buckets = new Float64Array(2 * BUCKETS);

  add(bucket: number, ms: number): void {
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.count++;
    if (ms > this.#max) this.#max = ms;
  }

  plus(other: Counts): Counts {
    const sum = new Counts();
    sum.count = this.count + other.count;
    sum.#max = Math.max(this.#max, other.#max);
    for (let bucket = 0; bucket < sum.#buckets.length; bucket++)
      sum.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + (other.#buckets[bucket] ?? 0);
    return sum;
  }

  summary(): LatencySummary | null {
    if (this.count === 0) return null;
    const [p50, p99, p999] = [this.#quantile(0.5), this.#quantile(0.99), this.#quantile(0.999)];
    return { count: this.count, p50, p99, p999, max: Math.round(this.#max * 1000) / 1000 };
  }

  /** Returns the middle of the quantile's bucket, milliseconds, but not more than the maximum. */
  #quantile(share: number): number {
    let left = Math.ceil(share * this.count);
    let bucket = -1;
    while (left > 0) left -= this.#buckets[++bucket] ?? left;
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
