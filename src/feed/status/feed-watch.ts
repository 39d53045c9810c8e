import type { OperatorFunction } from 'rxjs';
import type { BookTicker, VenueAge } from '../../domain/record.ts';
import { activeVenueHalt } from '../../tradability/rules.ts';
import type { FeedEvent, FeedOutput } from '../feed-event.ts';
import { SymbolTradability, type Tradability } from '../liveness/tradability.ts';
import { NEW_HEALTH, nextVenueHealth, type VenueHealth } from '../liveness/venue-health.ts';
import { stage } from '../publish/publishing.ts';
import type { VenueFeed } from '../venue-feed.ts';
import type { VenueFeedEvent } from '../venue-feed-options.ts';
import { FeedView } from './feed-view.ts';

/**
 * The state of a running feed, for snapshots, heartbeats and the library. It changes no event. It passes the active
 * venue's health to `Tradability`, which reports whether trading is allowed.
 */
export class FeedWatch {
  readonly venues: readonly VenueFeed[];
  readonly view = new FeedView();
  readonly symbols = new SymbolTradability();
  readonly states = new Map<string, VenueHealth>();
  activeVenue: string | null = null;
  /** Trades that no window counts: block trades, and trades after their window closed. */
  uncounted: () => { readonly blocks: number; readonly late: number } = () => ({ blocks: 0, late: 0 });
  staleBooks: () => readonly string[] = () => [];
  readonly #tradability: Tradability;
  readonly #now: () => number;

  constructor(venues: readonly VenueFeed[], tradability: Tradability, now: () => number) {
    this.venues = venues;
    this.#tradability = tradability;
    this.#now = now;
    this.reset();
  }

  /** Watches the state of a venue from its events. */
  venue({ options }: VenueFeed): (event: VenueFeedEvent) => void {
    const { id } = options.venue;
    let state = NEW_HEALTH;
    return (event) => {
      const next = nextVenueHealth(state, event);
      if (next === state) return;
      state = next;
      this.states.set(id, state);
      this.#judge();
    };
  }

  /** Watches which venue serves, and what happens to single symbols. Emits nothing. */
  events(): OperatorFunction<FeedEvent, never> {
    return stage((event) => {
      switch (event.kind) {
        case 'switched':
          if (event.key === null) this.activeVenue = event.to;
          this.#judge();
          return;
        case 'served':
          this.symbols.served(event.symbol, { venue: event.venue, isTestnet: this.#isTestnet(event.venue) });
          return;
        case 'status':
          this.symbols.happened(event.venue, event.note);
          return;
        case 'followed':
          this.view.add(event.symbol, event.coin);
          return;
        case 'unfollowed':
          this.view.remove(event.symbol);
          this.symbols.forget(event.symbol);
      }
    });
  }

  /** Puts every venue into its state before the first event: not connected, without data. */
  reset(): void {
    for (const { options } of this.venues) this.states.set(options.venue.id, NEW_HEALTH);
  }

  published({ records }: FeedOutput): void {
    const now = this.#now();
    for (const record of records) this.view.published(record, now);
  }

  /** Returns the milliseconds since a venue's last data frame; null before the first. */
  ageMs({ lastDataAt }: VenueFeed): number | null {
    return lastDataAt === null ? null : this.#now() - lastDataAt;
  }

  /** Returns the fresh book tickers of a symbol at all healthy venues. */
  freshBookTickers(symbol: string): readonly BookTicker[] {
    return this.venues.flatMap((venue) => {
      const state = this.states.get(venue.options.venue.id);
      const isHealthy = state?.connected === true && state.staleness === null;
      return isHealthy ? (venue.freshBookTicker(symbol) ?? []) : [];
    });
  }

  /** Returns the age of the last data of each venue that has delivered. */
  ages(): readonly VenueAge[] {
    return this.venues.flatMap((venue) => {
      const ageMs = this.ageMs(venue);
      if (ageMs === null) return [];
      const offsetMs = venue.options.timing?.latency.clock.estimate?.offsetMs;
      const clockOffsetMs = offsetMs === undefined ? null : Math.round(offsetMs);
      const lagMs = venue.lag.venueMs(this.#now());
      const eventLagMs = lagMs === null ? null : Math.round(lagMs);
      return [{ venue: venue.options.venue.id, ageMs: Math.round(ageMs), clockOffsetMs, eventLagMs }];
    });
  }

  #judge(): void {
    const venue = this.venues.find(({ options }) => options.venue.id === this.activeVenue)?.options.venue.id;
    const state = venue === undefined ? undefined : (this.states.get(venue) ?? NEW_HEALTH);
    const active = venue && state && { venue, isTestnet: this.#isTestnet(venue), ...state };
    this.#tradability.judge(this, activeVenueHalt(active));
  }

  #isTestnet(venue: string): boolean {
    return this.venues.some(({ options }) => options.venue.id === venue && options.environment === 'testnet');
  }
}
