import type { Asset } from '../../src/gateway/api/asset-answers.ts';
import { amount, NONE } from '../text/number-text.ts';
import { age } from '../text/time-text.ts';

/** An older price of a venue is not compared, milliseconds. */
const OLD_MS = 10_000;

type VenuePrice = NonNullable<Asset['venue_prices']>[number];

interface Compared {
  readonly coin: string;
  /** The venue that serves the coin; null: none does now. */
  readonly serving: string | null;
  /** Milliseconds since the answer with the prices. */
  readonly passedMs: number;
}

/** A venue's price as a difference from the serving venue's price; a dash if either price is unknown. */
export function priceDifference(found: VenuePrice | undefined, { coin, serving, passedMs }: Compared) {
  if (found?.price == null || found.age_ms === null)
    return { text: `${NONE} bp`, title: `${coin}: price at this venue unknown`, isOld: true };
  const ageMs = found.age_ms + passedMs;
  const price = `${coin}: ${amount(found.price)} at ${found.venue}, ${age(ageMs)} ago`;
  if (ageMs > OLD_MS) return { text: `${age(ageMs)} old`, title: price, isOld: true };
  if (found.venue === serving) return { text: 'serves', title: price, isOld: false };
  if (found.difference_bps === null) return { text: `${NONE} bp`, title: price, isOld: true };
  const points = Math.abs(found.difference_bps).toFixed(1);
  const sign = points === '0.0' ? '±' : found.difference_bps > 0 ? '+' : '−';
  return {
    text: `${sign}${points} bp`,
    title: `${price}: ${sign}${points} basis points from ${serving ?? 'the venue that served'}`,
    isOld: false,
  };
}
