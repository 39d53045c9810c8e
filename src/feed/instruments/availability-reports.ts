import { Observable, type OperatorFunction, type Subscriber } from 'rxjs';
import type { SourceEvent } from '../../operators/failover/failover-events.ts';
import { listen } from '../../operators/listen.ts';
import type { MergedEvent } from '../arbitration/merged-event.ts';
import type { FeedReport } from '../feed-event.ts';
import type { VenueFeed } from '../venue-feed.ts';
import type { VenueFeedEvent } from '../venue-feed-options.ts';
import { type Serving, VenueAvailability } from './venue-availability.ts';

/** A venue's input to the failover. */
export type VenueSourceEvent = SourceEvent<readonly MergedEvent[]> | FeedReport;

type Out = Pick<Subscriber<VenueSourceEvent>, 'next'>;
type ListedVenue = Pick<VenueFeed, 'options' | 'instruments'>;

/** Reports which symbols the feed follows, and which of them each venue lacks. Another venue serves these. */
export class AvailabilityReports {
  readonly #venues: readonly ListedVenue[];
  readonly #availability = new VenueAvailability();
  readonly #outs = new Map<string, Out>();

  constructor(venues: readonly ListedVenue[]) {
    this.#venues = venues;
  }

  /** Turns a venue's events into a source of `failover`. */
  source(venue: ListedVenue): OperatorFunction<VenueFeedEvent, VenueSourceEvent> {
    const { id } = venue.options.venue;
    return (events$) =>
      new Observable((out) => {
        this.#outs.set(id, out);
        for (const { symbol, coin } of venue.instruments) out.next({ kind: 'followed', symbol, coin });
        for (const symbol of this.#configuredElsewhere(venue)) this.#report({ venue: id, symbol, serves: false });
        listen(events$, out, { next: (event) => this.#next(venue, event, out) });
        return () => {
          this.#outs.delete(id);
          for (const serving of this.#availability.forget(id)) this.#report(serving);
        };
      });
  }

  #configuredElsewhere({ instruments }: ListedVenue): ReadonlySet<string> {
    const own = new Set(instruments.map(({ symbol }) => symbol));
    return new Set(this.#venues.flatMap((venue) => venue.instruments.map(({ symbol }) => symbol))).difference(own);
  }

  #next({ options }: ListedVenue, event: VenueFeedEvent, out: Out): void {
    const { id } = options.venue;
    switch (event.kind) {
      case 'instruments': {
        for (const { symbol, coin } of event.instruments) out.next({ kind: 'followed', symbol, coin });
        if (options.all === null) return;
        const symbols = event.instruments.map(({ symbol }) => symbol);
        for (const serving of this.#availability.listed(id, symbols)) this.#report(serving);
        return;
      }
      case 'delisted':
        if (this.#availability.delisted(id, event.symbol)) out.next({ kind: 'unfollowed', symbol: event.symbol });
        return;
      case 'serves':
        this.#report({ ...event, venue: id });
        return;
      case 'status':
        out.next({ kind: 'status', venue: id, note: event.note });
        return;
      default:
        out.next(event);
    }
  }

  /**
   * Reports whether a venue serves a symbol. `availability` comes before `serves`, because the failover answers
   * `serves` at once.
   */
  #report({ venue, symbol, serves }: Serving): void {
    const out = this.#outs.get(venue);
    out?.next({ kind: 'availability', venue, symbol, serves });
    out?.next({ kind: 'serves', key: symbol, serves });
  }
}
