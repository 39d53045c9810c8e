/** A value at a moment; `at` in any unit of time. */
export interface Sample {
  readonly at: number;
  readonly value: number;
}

/** How much a value grows per unit of time, and between which bounds that lies with 95 % confidence. */
export interface Slope {
  readonly samples: number;
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** The median of the values. */
  readonly level: number;
}

/** Of a normal distribution, both tails together 5 %. */
const Z = 1.96;

/**
 * Theil–Sen: the median of the slopes between all pairs of samples, which a few outliers do not move; the bounds are
 * Sen's, the pairs' slopes at the ranks that Kendall's S leaves open by chance.
 */
export function slopeOf(samples: readonly Sample[]): Slope {
  const slopes: number[] = [];
  for (const [index, later] of samples.entries())
    for (const earlier of samples.slice(0, index))
      if (later.at > earlier.at) slopes.push((later.value - earlier.value) / (later.at - earlier.at));
  slopes.sort((a, b) => a - b);
  const n = samples.length;
  const chance = Z * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  const at = (rank: number) => slopes[Math.min(slopes.length - 1, Math.max(0, rank))] ?? Number.NaN;
  return {
    samples: n,
    median: middle(slopes),
    low: at(Math.floor((slopes.length - chance) / 2)),
    high: at(Math.ceil((slopes.length + chance) / 2)),
    level: middle(samples.map(({ value }) => value).sort((a, b) => a - b)),
  };
}

/** Indistinguishable from zero: zero lies between the bounds, or the value falls. Without samples nothing is shown to be flat. */
export function isFlat({ low }: Slope): boolean {
  return low <= 0;
}

export function slopeText({ samples, median, low, high, level }: Slope, unit: string, time: string): string {
  const sign = (value: number) => (value > 0 ? '+' : '') + value.toPrecision(3);
  return `${level.toFixed(1)} ${unit}, ${sign(median)} per ${time} (95 %: ${sign(low)} to ${sign(high)}, ${samples} samples)`;
}

function middle(sorted: readonly number[]): number {
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}
