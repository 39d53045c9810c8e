import type { SchedulerLike } from 'rxjs';
import type { BookUpdate } from '../../domain/market-event.ts';
import type { MarketFrame } from '../../domain/venue-event.ts';
import type { VenueBooks } from '../books/venue-books.ts';
import type { InstrumentChange } from '../instruments/followed-instruments.ts';
import type { Activity } from '../liveness/activity.ts';
import type { Staleness } from '../liveness/explain-stale.ts';
import type { RestEvent } from '../venue-feed-options.ts';
import type { VenueConnectionPool } from './connection-pool.ts';
import type { LineEvent } from './line-event.ts';
import { WarmUpBuffer, type WarmUpOptions } from './warm-up-buffer.ts';

/** Everything that happens at a venue. */
export type VenueInput = LineEvent | Staleness | InstrumentChange | RestEvent;

/** Maximum frames in memory. */
const MAX_BUFFERED = 20_000;

/** How a venue's data is kept. */
export interface WarmUpSettings extends Pick<WarmUpOptions<VenueInput>, 'store' | 'maxAgeMs'> {
  /** The fraction of `MAX_BUFFERED` that this venue may use. */
  readonly bufferShare?: number;
}

export interface VenueWarmUpOptions extends WarmUpSettings {
  readonly venue: { readonly id: string };
  readonly books: Pick<VenueBooks, 'updated'>;
  readonly lines: Pick<VenueConnectionPool, 'up'>;
  readonly activity: Pick<Activity, 'connected' | 'data'>;
  readonly scheduler: SchedulerLike;
}

/** All events of a frame are of one kind. */
export const isOfBook = (frame: MarketFrame): frame is MarketFrame & { readonly value: readonly BookUpdate[] } =>
  frame.value[0]?.kind === 'book_update';

/**
 * Keeps a venue's data until its feed may publish. Changes of books do not wait: they are applied at once. Meanwhile the
 * venue counts as active or idle, as always.
 */
export class VenueWarmUp {
  readonly #options: VenueWarmUpOptions;
  readonly #buffer: WarmUpBuffer<VenueInput>;

  constructor(options: VenueWarmUpOptions) {
    const { bufferShare = 1, store, maxAgeMs, scheduler } = options;
    this.#options = options;
    this.#buffer = new WarmUpBuffer({
      most: Math.ceil(MAX_BUFFERED * bufferShare),
      mayGo: ({ kind }) => kind === 'frame',
      compact: withoutUndone,
      ...{ store, maxAgeMs, scheduler },
    });
  }

  /** Number of waiting frames. */
  get waiting(): number {
    return this.#buffer.waiting;
  }

  push(item: VenueInput): void {
    const { venue, books, lines, activity, scheduler } = this.#options;
    if (item.kind === 'frame') {
      activity.data(venue.id, scheduler.now(), item.frame.value.length > 0);
      if (isOfBook(item.frame)) {
        books.updated(item.connection, item.frame.value);
        return;
      }
    } else if (item.kind === 'change') {
      activity.connected(venue.id, lines.up > 0);
      // Only the check for silent connections needs answers, and it does not wait.
      if (item.event.kind === 'answered') return;
    }
    this.#buffer.push(item);
  }

  /** Passes everything to `next`, in several tasks. Calls `done` after the last item. */
  empty(next: (item: VenueInput) => void, done: () => void): void {
    this.#buffer.empty(next, done);
  }

  /** Passes the rest in this task. */
  finish(): void {
    this.#buffer.finish();
  }

  close(): void {
    this.#buffer.close();
  }
}

const LASTING: ReadonlySet<string> = new Set(['connecting', 'connected', 'subscribed', 'refused']);

/**
 * Leaves out what later items have undone, if no frame before them is kept: lost and replaced connections, and times
 * without data that are over. So what is left describes the present connections.
 */
export function withoutUndone(items: readonly VenueInput[]): readonly VenueInput[] {
  const gone = new Set<number>();
  for (const item of items) {
    if (item.kind !== 'change') continue;
    if (item.event.kind === 'lost') gone.add(item.connection.id);
    if (item.event.kind === 'cut_over') gone.add(item.event.from);
  }
  const lastStaleness = items.findLast(({ kind }) => kind === 'stale' || kind === 'recovered');
  return items.filter((item) => {
    if (item.kind === 'stale' || item.kind === 'recovered') return item === lastStaleness && item.kind === 'stale';
    return item.kind !== 'change' || (LASTING.has(item.event.kind) && !gone.has(item.connection.id));
  });
}
