import { NOT_SERVING, nextServing, type ServingVenue } from '../domain/headline.ts';
import type { FeedStatus, Heartbeat } from '../domain/record.ts';
import { delivering, NEW_VENUE, nextVenueState, type VenueState } from '../domain/venue-state.ts';
import { aheadMs, type Moment } from './moment.ts';

/** A venue whose last data is younger than this counts as delivering, whatever state its lines have. Milliseconds. */
export const DELIVERS_MS = 1000;

/**
 * The age of a venue's last data in a heartbeat, and when the heartbeat was sent, by the monotonic clock, milliseconds.
 */
interface ReportedAge {
  readonly at: number;
  readonly ageMs: number;
}

/** The state of one process of the feed, computed from its own status records. */
export class FeedInstance {
  readonly name: string;
  /** Its last record. */
  last: FeedStatus;
  /** Its last heartbeat. */
  lastHeartbeat: FeedStatus | undefined;
  stopped = false;
  serving: ServingVenue = NOT_SERVING;
  tradability: { readonly state: 'allowed' | 'halted'; readonly reason: string } = {
    state: 'halted',
    reason: 'starting',
  };
  /** The symbols of its last heartbeat, without those that another instance has named since. */
  readonly symbols = new Set<string>();
  /** The symbols that it has halted. */
  readonly halted = new Set<string>();
  /** The halted symbols whose instrument does not trade. */
  readonly haltedInstruments = new Set<string>();
  /** The halted symbols whose price is disputed, and why: a text for people, empty if only a heartbeat reported it. */
  readonly disputedPrices = new Map<string, string>();
  staleBooks: readonly string[] = [];
  /** Why each unavailable sink is down, by the sink's name. */
  readonly sinksDown = new Map<string, string>();
  readonly venues = new Map<string, VenueState>();
  /**
   * Since when each idle market is idle, milliseconds since 1970 by the instance's wall clock. The key is VENUE or
   * VENUE:SYMBOL.
   */
  readonly idleMarkets = new Map<string, number>();
  readonly #ages = new Map<string, ReportedAge>();
  readonly #eventLags = new Map<string, number | null>();
  #lastHeartbeatAt = Number.NEGATIVE_INFINITY;

  constructor(first: FeedStatus) {
    this.name = first.instance;
    this.last = first;
  }

  add(record: FeedStatus, now: Moment): void {
    this.last = record;
    this.serving = nextServing(this.serving, record, (venue) => this.venues.get(venue)?.reason ?? '');
    const { state, reason, venue, symbol, cause, heartbeat } = record;
    // The end of a dispute counts from the next heartbeat, because the symbol may be halted for another reason, too.
    if (state === 'price_disputed' && symbol !== null) {
      this.halted.add(symbol);
      this.disputedPrices.set(symbol, reason);
    }
    if (heartbeat !== null) this.#addHeartbeat(record, heartbeat, now);
    else if (state === 'stopped') this.stopped = true;
    else if (state === 'trading_halted') this.tradability = { state: 'halted', reason };
    else if (state === 'trading_resumed') this.tradability = { state: 'allowed', reason: '' };
    else if (venue !== null) {
      if (symbol === null) this.venues.set(venue, nextVenueState(this.#venue(venue), record));
      this.#noteIdleMarket(record);
    }
    if (cause === null) return;
    if (state === 'sink_unavailable') this.sinksDown.set(cause, reason);
    if (state === 'sink_recovered') this.sinksDown.delete(cause);
  }

  /** Returns the milliseconds since its last heartbeat: by its arrival or by its timestamp, whichever is longer. */
  silentMs(now: Moment): number {
    const { timestamp = Number.NEGATIVE_INFINITY } = this.lastHeartbeat ?? {};
    return Math.max(now.monotonic - this.#lastHeartbeatAt, now.wall - timestamp, 0);
  }

  /** Returns how far its last heartbeat was stamped ahead of our clock when it came, milliseconds; 0 without one. */
  aheadMs(now: Moment): number {
    const { timestamp } = this.lastHeartbeat ?? {};
    return timestamp === undefined ? 0 : aheadMs(timestamp, this.#lastHeartbeatAt, now);
  }

  /** Returns the age of the venue's last data, milliseconds; null if no heartbeat reported it. */
  ageMs(venue: string, now: Moment): number | null {
    const age = this.#ages.get(venue);
    return age === undefined ? null : age.ageMs + (now.monotonic - age.at);
  }

  /**
   * Returns how late the venue's data arrives at the feed, by its last heartbeat, milliseconds; null if it is not known.
   */
  eventLagMs(venue: string): number | null {
    return this.#eventLags.get(venue) ?? null;
  }

  isIdleMarket(venue: string, symbol: string): boolean {
    return this.idleMarkets.has(venue) || this.idleMarkets.has(`${venue}:${symbol}`);
  }

  #addHeartbeat(record: FeedStatus, heartbeat: Heartbeat, now: Moment): void {
    const { trading: state, tradingReason, symbols, halted, haltedInstruments, disputedPrices } = heartbeat;
    const { staleBooks, venueAges } = heartbeat;
    this.lastHeartbeat = record;
    this.#lastHeartbeatAt = now.monotonic;
    this.stopped = false;
    this.tradability = state === 'allowed' ? { state, reason: '' } : { state: 'halted', reason: tradingReason };
    replace(this.symbols, symbols);
    replace(this.halted, halted);
    replace(this.haltedInstruments, haltedInstruments);
    const known = new Map(this.disputedPrices);
    this.disputedPrices.clear();
    for (const symbol of disputedPrices) this.disputedPrices.set(symbol, known.get(symbol) ?? '');
    this.staleBooks = staleBooks;
    const onTheWayMs = Math.max(now.wall - record.timestamp, 0);
    for (const { venue, ageMs, eventLagMs } of venueAges) {
      this.#eventLags.set(venue, eventLagMs === null ? null : Math.max(0, eventLagMs));
      const known = this.#venue(venue);
      this.#ages.set(venue, { at: now.monotonic - onTheWayMs, ageMs });
      this.venues.set(venue, ageMs < DELIVERS_MS && known.staleness === null ? delivering(known, null) : known);
    }
  }

  #noteIdleMarket({ state, venue, symbol, line, cause, timestamp }: FeedStatus): void {
    if (line !== null || (state !== 'feed_stale' && state !== 'feed_recovered') || cause === 'price_disputed') return;
    const market = symbol === null ? `${venue}` : `${venue}:${symbol}`;
    if (state === 'feed_stale' && cause === 'quiet_market') this.idleMarkets.set(market, timestamp);
    else this.idleMarkets.delete(market);
  }

  #venue(venue: string): VenueState {
    return this.venues.get(venue) ?? NEW_VENUE;
  }
}

function replace<T>(set: Set<T>, items: Iterable<T>): void {
  set.clear();
  for (const item of items) set.add(item);
}
