import type { Environment, Gap, PriceTick } from '../domain/record.ts';
import type { Moment } from './moment.ts';

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
export interface ReportedGap {
  readonly gap: Gap;
  readonly reportedAt: number;
}

/** What a consumer knows of one symbol. */
export interface SymbolFacts {
  readonly symbol: string;
  price: LastPrice | undefined;
  /** The venue that took the symbol over, and when by the feed's clock; undefined once a price of it came. */
  movedTo: { readonly venue: string; readonly at: number } | undefined;
  /** Steady clock: until then for a gap, and when something was last seen to be wrong. */
  gapUntil: number;
  lastBadAt: number;
}

export function newSymbolFacts(symbol: string, startedAt: number): SymbolFacts {
  return { symbol, price: undefined, movedTo: undefined, gapUntil: Number.NEGATIVE_INFINITY, lastBadAt: startedAt };
}

/** What is known of the instance that speaks for a symbol. */
export interface Served {
  /** Its first heartbeat that named the symbol, milliseconds since 1970. */
  readonly since: number;
  /** False: every venue is a feed of its own, with epochs of its own. */
  readonly byOneVenue: boolean;
}

/** Takes a price as the last one, unless its epoch is over; returns whether it did. */
export function takePrice(
  facts: SymbolFacts,
  { venue, epoch, environment, receivedAt }: PriceTick,
  served: Served,
  now: Moment,
): boolean {
  const receivedAtMs = receivedAt / 1000;
  const { price } = facts;
  const hasSameEpochs = price !== undefined && (served.byOneVenue || price.venue === venue);
  if (hasSameEpochs && isOfPreviousEpoch({ epoch, receivedAtMs }, price, served.since)) return false;
  facts.price = { venue, epoch, environment, receivedAtMs, cameAt: now.steady };
  if (!isOfPreviousVenue(facts)) facts.movedTo = undefined;
  return true;
}

interface Dated {
  readonly epoch: number;
  readonly receivedAtMs: number;
}

/** True if data is of an epoch that is over. An instance that took over since the last data may have begun with lower epochs. */
export function isOfPreviousEpoch(data: Dated, last: Dated, servedSince: number): boolean {
  const isOfNewInstance = last.receivedAtMs < servedSince && data.receivedAtMs >= servedSince;
  return data.epoch < last.epoch && !isOfNewInstance;
}

/** Another venue serves the symbol: a price of the previous one means nothing any more. */
export function takeSwitch(facts: SymbolFacts, venue: string | null, at: number): void {
  if (venue === null) return;
  facts.movedTo = { venue, at };
  if (facts.price !== undefined && !isOfPreviousVenue(facts)) facts.movedTo = undefined;
}

/** True while the last price is neither of the venue that took over nor younger than the switch (a symbol may have stayed elsewhere). */
export function isOfPreviousVenue({ price, movedTo }: SymbolFacts): boolean {
  return (
    price !== undefined && movedTo !== undefined && price.venue !== movedTo.venue && price.receivedAtMs < movedTo.at
  );
}

/** Takes a gap that was not repaired. The halt for it begins when it was told, however old it is. */
export function takeGap(facts: SymbolFacts, { gap, reportedAt }: ReportedGap, now: Moment, haltMs: number): void {
  if (gap.outcome === 'repaired') return;
  const age = Math.max(0, now.wall - reportedAt);
  facts.gapUntil = Math.max(facts.gapUntil, now.steady + haltMs - age);
}
