import type { Environment, FeedStatus, Gap, PriceTick } from '../../domain/record.ts';

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

/** A gap, and when the consumer's feed told of it: milliseconds since 1970. */
export interface ToldGap {
  readonly gap: Gap;
  readonly toldAt: number;
}

/** What the guard knows of one symbol. */
export interface SymbolFacts {
  readonly symbol: string;
  coin: string | undefined;
  price: LastPrice | undefined;
  /** Since when the same instance speaks for it, by that one's clock; epochs of the one before are none of its own. */
  servedSince: number;
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
    servedSince: Number.NEGATIVE_INFINITY,
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
  const receivedAtMs = receivedAt / 1000;
  const { price, servedSince } = facts;
  const isOfNewerInstance = price !== undefined && price.receivedAtMs < servedSince && receivedAtMs >= servedSince;
  if (price !== undefined && epoch < price.epoch && !isOfNewerInstance) return false;
  facts.coin = coin;
  facts.price = { venue, epoch, environment, receivedAtMs, cameAt: now.steady };
  if (!isOfFormerVenue(facts)) facts.movedTo = undefined;
  return true;
}

/** Another venue serves the symbol: a price of the former one says nothing any more. */
export function takeSwitch(facts: SymbolFacts, venue: string | null, at: number): void {
  if (venue === null) return;
  facts.movedTo = { venue, at };
  if (facts.price !== undefined && !isOfFormerVenue(facts)) facts.movedTo = undefined;
}

/** Another instance speaks for the symbol, as its heartbeat tells. It may have begun with another venue, and with lower epochs. */
export function takeOver(facts: SymbolFacts, { activeVenue, timestamp }: FeedStatus): void {
  facts.servedSince = timestamp;
  takeSwitch(facts, activeVenue, timestamp);
}

/** True while the last price is none of the venue that took over, nor of any that came since (a symbol may have stayed elsewhere). */
export function isOfFormerVenue({ price, movedTo }: SymbolFacts): boolean {
  return (
    price !== undefined && movedTo !== undefined && price.venue !== movedTo.venue && price.receivedAtMs < movedTo.at
  );
}

/** Takes a gap that was not repaired. The halt for it begins when it was told, however old it is. */
export function takeGap(
  facts: SymbolFacts,
  { gap, toldAt }: ToldGap,
  { now, haltMs }: { readonly now: Moment; readonly haltMs: number },
): void {
  if (gap.outcome === 'repaired') return;
  const age = Math.max(0, now.wall - toldAt);
  facts.gapUntil = Math.max(facts.gapUntil, now.steady + haltMs - age);
}
