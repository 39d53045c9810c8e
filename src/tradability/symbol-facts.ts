import type { Gap, PriceTick } from '../domain/record.ts';
import { isMissing } from '../domain/trade-id.ts';
import type { Moment } from './moment.ts';

/* What a consumer knows about one symbol, for the rules of tradability. */

/** The last price of a symbol. */
export interface LastPrice {
  readonly tick: PriceTick;
  /**
   * When it came to this consumer, by the monotonic clock, milliseconds; -Infinity if it was published before the
   * start.
   */
  readonly cameAt: number;
}

/** A gap, and when it was published or came to this consumer, milliseconds since 1970. */
export interface ReportedGap {
  readonly gap: Gap;
  readonly reportedAt: number;
}

/** What a consumer knows of one symbol. */
export interface SymbolFacts {
  readonly symbol: string;
  price: LastPrice | undefined;
  /**
   * The venue that took over the symbol, and when, milliseconds since 1970 by the feed's clock. Undefined after its
   * first price.
   */
  movedTo: { readonly venue: string; readonly at: number } | undefined;
  /** When the halt for a gap ends, by the monotonic clock, milliseconds. */
  gapUntil: number;
  /** When a halt was last seen, by the monotonic clock, milliseconds. */
  lastBadAt: number;
}

export function newSymbolFacts(symbol: string, startedAt: number): SymbolFacts {
  return { symbol, price: undefined, movedTo: undefined, gapUntil: Number.NEGATIVE_INFINITY, lastBadAt: startedAt };
}

/** What the rules need to know about a symbol's speaker. */
export interface Served {
  /** When the speaker's heartbeats first named the symbol, milliseconds since 1970. */
  readonly since: number;
  /** True if one venue at a time serves the symbol. False: every venue is a feed of its own, with its own epochs. */
  readonly byOneVenue: boolean;
}

/** Stores a price as the last one, unless it is outdated. Returns true if it was stored. */
export function setPrice(facts: SymbolFacts, tick: PriceTick, served: Served, now: Moment): boolean {
  if (isOutdated(tick, facts.price?.tick, served)) return false;
  facts.price = { tick, cameAt: now.monotonic };
  if (!isOfPreviousVenue(facts)) facts.movedTo = undefined;
  return true;
}

/** Returns true if a price must not replace the symbol's last price, because its epoch has ended. */
export function isOutdated(tick: PriceTick, last: PriceTick | undefined, served: Served): boolean {
  if (last === undefined || (!served.byOneVenue && last.venue !== tick.venue)) return false;
  return isOfPreviousEpoch(dated(tick), dated(last), served.since);
}

const dated = ({ epoch, receivedAt }: PriceTick): Dated => ({ epoch, receivedAtMs: receivedAt / 1000 });

interface Dated {
  readonly epoch: number;
  readonly receivedAtMs: number;
}

/**
 * Returns true if data belongs to an epoch that has ended. An instance that took over since `last` may have started
 * with lower epochs.
 */
export function isOfPreviousEpoch(data: Dated, last: Dated, servedSince: number): boolean {
  const isOfNewInstance = last.receivedAtMs < servedSince && data.receivedAtMs >= servedSince;
  return data.epoch < last.epoch && !isOfNewInstance;
}

/** Stores that another venue serves the symbol, which makes the previous venue's price invalid. */
export function setVenue(facts: SymbolFacts, venue: string | null, at: number): void {
  if (venue === null) return;
  facts.movedTo = { venue, at };
  if (facts.price !== undefined && !isOfPreviousVenue(facts)) facts.movedTo = undefined;
}

/**
 * Returns true if the last price came from the previous venue before the failover. A later price from another venue
 * counts, because the new venue may lack the symbol.
 */
export function isOfPreviousVenue({ price, movedTo }: SymbolFacts): boolean {
  if (price === undefined || movedTo === undefined) return false;
  const { venue, receivedAt } = price.tick;
  return venue !== movedTo.venue && receivedAt / 1000 < movedTo.at;
}

/** Halts the symbol for an unrepaired gap, from the time of its report. */
export function addGap(facts: SymbolFacts, { gap, reportedAt }: ReportedGap, now: Moment, haltMs: number): void {
  if (!isMissing(gap.outcome)) return;
  const age = Math.max(0, now.wall - reportedAt);
  facts.gapUntil = Math.max(facts.gapUntil, now.monotonic + haltMs - age);
}
