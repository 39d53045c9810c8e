/* Estimates how fast a value grows, for example memory in a long run, and whether the growth may be zero. */

/** A value and its time, `at`, in any unit. */
export interface Sample {
  readonly at: number;
  readonly value: number;
}

/** Growth of a value per unit of time, with its 95 % confidence interval. */
export interface Slope {
  readonly samples: number;
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** The median of the values. */
  readonly level: number;
}

/** The 97.5 % quantile of the normal distribution. */
const Z = 1.96;

/**
 * The Theil–Sen estimator: the median of the slopes between all pairs of samples. A few outliers do not move it. The
 * interval is Sen's, from the variance of Kendall's S. Samples that follow each other closely are correlated, so they
 * contain less information than independent ones. The variance is corrected for that as in Hamed and Rao, Journal of
 * Hydrology 204 (1998), "A modified Mann–Kendall trend test for autocorrelated data".
 */
export function slopeOf(samples: readonly Sample[]): Slope {
  const slopes: number[] = [];
  for (const [index, later] of samples.entries())
    for (const earlier of samples.slice(0, index))
      if (later.at > earlier.at) slopes.push((later.value - earlier.value) / (later.at - earlier.at));
  slopes.sort((a, b) => a - b);
  const n = samples.length;
  const median = middle(slopes);
  const rest = samples.map(({ at, value }) => value - median * at);
  const chance = Z * Math.sqrt(((n * (n - 1) * (2 * n + 5)) / 18) * inflation(rest));
  const at = (rank: number) => slopes[Math.min(slopes.length - 1, Math.max(0, rank))] ?? Number.NaN;
  return {
    samples: n,
    median,
    low: at(Math.floor((slopes.length - chance) / 2)),
    high: at(Math.ceil((slopes.length + chance) / 2)),
    level: middle(samples.map(({ value }) => value).sort((a, b) => a - b)),
  };
}

/** True if the growth cannot be distinguished from zero, or the value falls. False without samples. */
export function isFlat({ low }: Slope): boolean {
  return low <= 0;
}

export function slopeText({ samples, median, low, high, level }: Slope, unit: string, time: string): string {
  const sign = (value: number) => (value > 0 ? '+' : '') + value.toPrecision(3);
  return `${level.toFixed(1)} ${unit}, ${sign(median)} per ${time} (95 %: ${sign(low)} to ${sign(high)}, ${samples} samples)`;
}

/** Factor by which autocorrelation of the values increases the variance of Kendall's S. */
function inflation(values: readonly number[]): number {
  const n = values.length;
  const ranks = ranksOf(values);
  const autocovariance = (lag: number) =>
    ranks.slice(lag).reduce((sum, rank, at) => sum + rank * (ranks[at] as number), 0);
  const whole = autocovariance(0);
  if (n < 4 || whole === 0) return 1;
  let sum = 0;
  for (let lag = 1; lag < n - 2; lag++) {
    const correlation = autocovariance(lag) / whole;
    if (Math.abs(correlation) > Z / Math.sqrt(n)) sum += (n - lag) * (n - lag - 1) * (n - lag - 2) * correlation;
  }
  return Math.max(1, 1 + (2 * sum) / (n * (n - 1) * (n - 2)));
}

/** The ranks of the values, as distances from the middle rank. Equal values have equal ranks. */
function ranksOf(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = new Map<number, number>();
  for (const [at, value] of sorted.entries()) {
    const last = sorted.lastIndexOf(value);
    if (!rank.has(value)) rank.set(value, (at + last - sorted.length + 1) / 2);
  }
  return values.map((value) => rank.get(value) as number);
}

function middle(sorted: readonly number[]): number {
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}
