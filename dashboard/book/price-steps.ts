import { type Decimal, fromUnscaled, unscaled } from '../../src/domain/decimal.ts';

/** The known levels of both sides must cover this many steps. */
const LEAST_STEPS = 5n;
const MULTIPLES = [1n, 10n, 100n, 1000n, 10_000n] as const;

interface KnownLevels {
  readonly mid: Decimal | null;
  readonly price_range: { readonly low: Decimal | null; readonly high: Decimal | null };
}

/** 1, 10, 100 … times the tick size, as far as the known levels of both sides cover at least five steps. */
export function priceSteps(tick: Decimal, { mid, price_range: { low, high } }: KnownLevels): readonly Decimal[] {
  if (mid === null || low === null || high === null) return [tick];
  const [middle, size] = [unscaled(mid), unscaled(tick)];
  const [below, above] = [middle - unscaled(low), unscaled(high) - middle];
  const reach = below < above ? below : above;
  return MULTIPLES.filter((multiple) => multiple === 1n || multiple * size * LEAST_STEPS <= reach).map((multiple) =>
    fromUnscaled(multiple * size),
  );
}
