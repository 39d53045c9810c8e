import type { Environment, FeedStatus } from '../../domain/record.ts';
import { type VenueStateName, venueStateName } from '../../domain/venue-state.ts';
import { FeedInstances } from '../../tradability/feed-instances.ts';
import { type Halt, haltText } from '../../tradability/halt.ts';
import type { Moment } from '../../tradability/moment.ts';
import { instanceHalts, isStale } from '../../tradability/rules.ts';

/** What the status records of a venue come to. */
export interface VenueSummary {
  readonly venue: string;
  readonly state: VenueStateName;
  readonly reason: string;
  /** Of its data; null: no heartbeat reported it. */
  readonly ageMs: number | null;
}

/** How the feed is as a whole, from its status records alone, so that it is known wherever they can be read. */
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

  /** Symbols whose order book is out of step; two instances may name one that changes hands. */
  get staleBooks(): readonly string[] {
    return [...new Set(this.instances.speakers.flatMap(({ staleBooks }) => staleBooks))].sort();
  }

  /** If two instances tell of a venue, what the one says that beat last. */
  get venues(): ReadonlyMap<string, VenueSummary> {
    const now = this.#now();
    const reported = this.instances.all.flatMap((instance) =>
      [...instance.venues].map(([venue, state]): VenueSummary => {
        return { venue, state: venueStateName(state), reason: state.reason, ageMs: instance.ageMs(venue, now) };
      }),
    );
    return new Map(reported.map((venue) => [venue.venue, venue]));
  }

  /** The reason, by the sink's name. */
  get sinksDown(): ReadonlyMap<string, string> {
    return new Map(this.instances.all.flatMap(({ sinksDown }) => [...sinksDown]));
  }

  /** Since the last heartbeat of the instance that is silent for longest; null: there was none yet. */
  get silentMs(): number | null {
    const now = this.#now();
    const silences = this.instances.speakers.map((instance) => instance.silentMs(now));
    return silences.length === 0 ? null : Math.max(...silences);
  }

  get tradability(): { readonly state: 'allowed' | 'halted'; readonly reason: string } {
    if (this.instances.speakers.length === 0) return { state: 'halted', reason: 'no heartbeat of the feed yet' };
    const [halt] = this.instances.speakers.flatMap((instance) => instanceHalts(instance, this.#now()));
    return halt === undefined ? { state: 'allowed', reason: '' } : { state: 'halted', reason: reasonOf(halt) };
  }

  /** True if this must not be taken for the present market of the feed. */
  isStale(of: { readonly symbol: string; readonly venue: string; readonly environment: Environment }): boolean {
    return isStale(this.instances, of, this.#now());
  }
}

/** The gateway speaks for the feed, so it gives the feed's own reason as it is. */
function reasonOf(halt: Halt): string {
  if (halt.cause === 'feed_halted') return halt.reason;
  if (halt.cause === 'feed_stopped') return 'the feed was stopped';
  if (halt.cause !== 'status_silent') return haltText(halt);
  return `the feed is silent: no heartbeat for ${Math.round(halt.silentMs)} ms`;
}
