import type { HeadlineTrading } from '../../domain/headline.ts';
import type { Environment, FeedStatus } from '../../domain/record.ts';
import { type VenueStateName, venueStateName } from '../../domain/venue-state.ts';
import { FeedInstances } from '../../tradability/feed-instances.ts';
import { type Halt, haltText } from '../../tradability/halt.ts';
import type { Moment } from '../../tradability/moment.ts';
import { instanceHalts, isStale } from '../../tradability/rules.ts';

/** A venue's state, from the status records. */
export interface VenueSummary {
  readonly venue: string;
  readonly state: VenueStateName;
  readonly reason: string;
  /** Age of its last data, milliseconds; null if no heartbeat reported it. */
  readonly ageMs: number | null;
  /** How late its data arrives at the feed, milliseconds; null if no heartbeat reported it. */
  readonly eventLagMs: number | null;
}

/** The state of the whole feed, computed from its status records alone, so any process that reads them can use it. */
export class FeedSummary {
  readonly instances = new FeedInstances();
  readonly #now: () => Moment;

  constructor(now: () => Moment) {
    this.#now = now;
  }

  add(record: FeedStatus): void {
    this.instances.add(record, this.#now());
  }

  get activeVenue(): string | null {
    return this.instances.activeVenue;
  }

  get halted(): readonly string[] {
    return this.instances.speakers
      .flatMap(({ symbols, halted }) => [...halted].filter((symbol) => symbols.has(symbol)))
      .sort();
  }

  /** Symbols whose order book is stale. */
  get staleBooks(): readonly string[] {
    return [...new Set(this.instances.speakers.flatMap(({ staleBooks }) => staleBooks))].sort();
  }

  /** If two instances report a venue, the one with the last heartbeat counts. */
  get venues(): ReadonlyMap<string, VenueSummary> {
    const now = this.#now();
    const reported = this.instances.all.flatMap((instance) =>
      [...instance.venues].map(([venue, state]): VenueSummary => {
        const [ageMs, eventLagMs] = [instance.ageMs(venue, now), instance.eventLagMs(venue)];
        return { venue, state: venueStateName(state), reason: state.reason, ageMs, eventLagMs };
      }),
    );
    return new Map(reported.map((venue) => [venue.venue, venue]));
  }

  /** Why each sink is down, by the sink's name; without sinks that are up. */
  get sinksDown(): ReadonlyMap<string, string> {
    return new Map(this.instances.all.flatMap(({ sinksDown }) => [...sinksDown]));
  }

  /** Milliseconds since the oldest of the instances' last heartbeats; null before the first. */
  get silentMs(): number | null {
    const now = this.#now();
    const silences = this.instances.speakers.map((instance) => instance.silentMs(now));
    return silences.length === 0 ? null : Math.max(...silences);
  }

  get tradability(): { readonly state: 'allowed' | 'halted'; readonly reason: string } {
    if (this.instances.speakers.length === 0) return { state: 'halted', reason: 'no heartbeat of the feed yet' };
    return decisionAfter(this.#halt);
  }

  /** The same for a headline: a silent feed is in an unknown state. */
  get headlineTrading(): HeadlineTrading {
    if (this.instances.speakers.length === 0) return { ...this.tradability, state: 'unknown' };
    const halt = this.#halt;
    if (halt?.cause !== 'status_silent') return decisionAfter(halt);
    return { state: 'unknown', reason: 'no heartbeat of the feed', forMs: halt.silentMs };
  }

  get #halt(): Halt | undefined {
    return this.instances.speakers.flatMap((instance) => instanceHalts(instance, this.#now()))[0];
  }

  /** True if data does not show the market as it is now. */
  isStale(of: { readonly symbol: string; readonly venue: string; readonly environment: Environment }): boolean {
    return isStale(this.instances, of, this.#now());
  }
}

function decisionAfter(halt: Halt | undefined): FeedSummary['tradability'] {
  return halt === undefined ? { state: 'allowed', reason: '' } : { state: 'halted', reason: reasonOf(halt) };
}

/** The gateway speaks for the feed, so it uses the feed's own reason. */
function reasonOf(halt: Halt): string {
  if (halt.cause === 'feed_halted') return halt.reason;
  if (halt.cause === 'feed_stopped') return 'the feed was stopped';
  if (halt.cause !== 'status_silent') return haltText(halt);
  return `the feed is silent: no heartbeat for ${Math.round(halt.silentMs)} ms`;
}
