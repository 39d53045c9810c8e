import type { Environment, FeedStatus, Gap, PriceTick } from '../domain/record.ts';

/** One moment on two clocks, milliseconds. */
export interface Moment {
  /** Since 1970, the consumer's wall clock: what stamps of others are compared with. It may be set. */
  readonly wall: number;
  /** Since whenever, a clock that nobody sets: what waits are measured by. */
  readonly steady: number;
}

/** The last price of a symbol. */
export interface LastPrice {
  readonly venue: string;
  readonly epoch: number;
  readonly environment: Environment;
  /** By the feed's wall clock, and when it came by our steady one; milliseconds. */
  readonly receivedAtMs: number;
  readonly cameAt: number;
}

/** What the guard knows of one symbol. */
export interface SymbolFacts {
  readonly symbol: string;
  coin: string | undefined;
  price: LastPrice | undefined;
  /** The venue that took the symbol over, and when by the feed's clock; undefined once a price of it came. */
  movedTo: { readonly venue: string; readonly at: number } | undefined;
  /** Steady clock: until then for a gap, and when something was last seen to be wrong. */
  gapUntil: number;
  lastBadAt: number;
}

export function newSymbolFacts(symbol: string, startedAt: number): SymbolFacts {
  return {
    symbol,
    coin: undefined,
    price: undefined,
    movedTo: undefined,
    gapUntil: Number.NEGATIVE_INFINITY,
    lastBadAt: startedAt,
  };
}

/** Takes a price as the last one, unless it is of an epoch that is over; returns whether it did. */
export function takePrice(
  facts: SymbolFacts,
  { coin, venue, epoch, environment, receivedAt }: PriceTick,
  now: Moment,
): boolean {
  if (facts.price !== undefined && epoch < facts.price.epoch) return false;
  facts.coin = coin;
  facts.price = { venue, epoch, environment, receivedAtMs: receivedAt / 1000, cameAt: now.steady };
  if (!isOfFormerVenue(facts)) facts.movedTo = undefined;
  return true;
}

/** Another venue serves the symbol: a price of the former one says nothing any more. */
export function takeSwitch(facts: SymbolFacts, { venue, timestamp }: FeedStatus): void {
  if (venue === null) return;
  facts.movedTo = { venue, at: timestamp };
  if (facts.price !== undefined && !isOfFormerVenue(facts)) facts.movedTo = undefined;
}

/** True while the last price is none of the venue that took over, nor of any that came since (a symbol may have stayed elsewhere). */
export function isOfFormerVenue({ price, movedTo }: SymbolFacts): boolean {
  return (
    price !== undefined && movedTo !== undefined && price.venue !== movedTo.venue && price.receivedAtMs < movedTo.at
  );
}

/**
 * Takes a gap that was not repaired. The halt for it begins when the consumer learns of it; for one that had ended
 * before the consumer started, with its end.
 */
export function takeGap(
  facts: SymbolFacts,
  { outcome, toTime }: Gap,
  { now, started, haltMs }: { readonly now: Moment; readonly started: Moment; readonly haltMs: number },
): void {
  if (outcome === 'repaired') return;
  const age = toTime < started.wall ? Math.max(0, now.wall - toTime) : 0;
  facts.gapUntil = Math.max(facts.gapUntil, now.steady + haltMs - age);
}
