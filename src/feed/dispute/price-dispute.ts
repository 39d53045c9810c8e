/** The limits of a price dispute. */
export interface DisputeLimits {
  /** A price further than this from the median of the other venues is disputed, basis points (1 = 0.01 %). */
  readonly disputeBps: number;
  /** How long the price must be further away, milliseconds. */
  readonly disputeAfterMs: number;
}

/** What one check of a symbol sees. */
export interface PriceCheck {
  /** The venue that serves the symbol. */
  readonly venue: string;
  /** The last price of this venue; undefined if it is not known or too old. */
  readonly price: number | undefined;
  /** The mids of the other venues that can be compared. */
  readonly others: readonly number[];
}

/**
 * What a check changed: the dispute began, or it ended because the price agrees again, another venue serves the symbol,
 * or the price could not be compared for long.
 */
export type DisputeChange = 'begun' | 'agrees' | 'moved' | 'not_compared';

/** A price is compared only with at least this many other venues. */
export const MIN_OTHERS = 2;

/** A dispute ends when the price has stayed within this part of the limit for `AGREES_FOR_MS`. */
const AGREES_WITHIN = 0.5;
export const AGREES_FOR_MS = 3000;

/** A dispute also ends when the price could not be compared for this long, milliseconds. */
export const UNCOMPARED_MS = 60_000;

/**
 * Whether the price of one symbol at its active venue is disputed. Times are milliseconds by a monotonic clock.
 *
 * - A dispute begins when each check of `disputeAfterMs` finds the price further from the median than `disputeBps`.
 * - It is over when each check of `AGREES_FOR_MS` finds the price within half of `disputeBps`.
 * - A check that cannot compare is neither: it restarts both times. A dispute lasts through such checks, at most for
 *   `UNCOMPARED_MS`.
 * - It is over when another venue serves the symbol.
 */
export class PriceDispute {
  isDisputed = false;
  readonly #limits: DisputeLimits;
  #venue: string | undefined;
  #farSince: number | undefined;
  #nearSince: number | undefined;
  /** The last check that could compare. */
  #comparedAt = Number.NEGATIVE_INFINITY;

  constructor(limits: DisputeLimits) {
    this.#limits = limits;
  }

  next({ venue, price, others }: PriceCheck, now: number): DisputeChange | undefined {
    const isMoved = venue !== this.#venue;
    if (isMoved) {
      this.#venue = venue;
      this.#farSince = undefined;
      this.#nearSince = undefined;
    }
    const { disputeBps, disputeAfterMs } = this.#limits;
    const bps = differenceBps(price, others);
    if (bps !== undefined) this.#comparedAt = now;
    this.#farSince = bps !== undefined && bps > disputeBps ? (this.#farSince ?? now) : undefined;
    this.#nearSince = bps !== undefined && bps <= disputeBps * AGREES_WITHIN ? (this.#nearSince ?? now) : undefined;
    if (!this.isDisputed) {
      if (this.#farSince === undefined || now - this.#farSince < disputeAfterMs) return undefined;
      this.isDisputed = true;
      return 'begun';
    }
    const end = isMoved ? 'moved' : this.#end(now);
    if (end !== undefined) this.isDisputed = false;
    return end;
  }

  #end(now: number): DisputeChange | undefined {
    if (this.#nearSince !== undefined && now - this.#nearSince >= AGREES_FOR_MS) return 'agrees';
    return now - this.#comparedAt >= UNCOMPARED_MS ? 'not_compared' : undefined;
  }
}

/**
 * Returns how far the price is from the median of the others, basis points; undefined if they cannot be compared. The
 * error of floating-point numbers is below a millionth of a basis point.
 */
export function differenceBps(price: number | undefined, others: readonly number[]): number | undefined {
  if (price === undefined || others.length < MIN_OTHERS) return undefined;
  const middle = median(others);
  return (Math.abs(price - middle) / middle) * 10_000;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}
