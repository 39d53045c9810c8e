import {
  catchError,
  defer,
  EMPTY,
  filter,
  merge,
  mergeMap,
  type Observable,
  Subject,
  type Subscription,
  takeUntil,
  tap,
  timer,
} from 'rxjs';
import type { Instrument } from '../../domain/instrument.ts';
import type { BookUpdate } from '../../domain/market-event.ts';
import { type BookStep, BookSync } from '../../market/book/book-sync.ts';
import type { Venue } from '../../venues/contract.ts';
import type { BookOrigin, BookStepped } from '../arbitration/merged-event.ts';
import type { VenueConnectionPool } from '../connection/connection-pool.ts';
import type { VenueFeedEvent, VenueFeedOptions } from '../venue-feed-options.ts';
import { linesDisagree } from './lines-disagree.ts';

/* Keeps the order books of one venue: all lines feed them, and whole books are fetched when needed. */

/** How long a book waits for changes that one line skipped and the other may deliver, milliseconds. */
const OTHER_LINE_MS = 500;
/**
 * A whole book is best fetched after the first change. Without a change for this time, it is fetched anyway.
 * Milliseconds.
 */
const FIRST_CHANGE_MS = 1000;
/** If the price leaves the fetched levels sooner than this, the next larger size is fetched. Milliseconds. */
const LASTS_MS = 60_000;
const MAX_LARGER = 3;
/** Maximum book requests at once. It is low, because gap repair uses the same budget and must not wait for books. */
const AT_ONCE = 3;
/**
 * Maximum requests for deeper levels of correct books at once. Books that lack updates do not wait for these requests.
 */
const DEEPER_AT_ONCE = 1;
/** The first pause before another attempt, milliseconds. It doubles each time, up to the maximum. */
const AGAIN_MS = 1000;
const AGAIN_AT_MOST_MS = 30_000;

export interface VenueBooksOptions extends Pick<VenueFeedOptions, 'environment' | 'fetchBook' | 'scheduler'> {
  readonly venue: Pick<Venue, 'id'>;
  readonly lines: Pick<VenueConnectionPool, 'bySymbol' | 'bookTopicsOf' | 'resubscribe'>;
  readonly count: (what: 'book_out_of_step' | 'book_not_had') => void;
  readonly out: (event: VenueFeedEvent) => void;
}

interface Followed {
  readonly origin: BookOrigin;
  readonly sync: BookSync;
  /** True after two lines delivered different books, which is reported only once. */
  disagrees: boolean;
  /** True while the book is queued, requested, or waiting for the next attempt. */
  busy: boolean;
  attempts: number;
  replacedAt: number;
  /** How many sizes above the first size to fetch, because the price soon left the fetched levels. */
  larger: number;
  /** The book's place in a queue, until the request is sent. */
  queued: Queued | undefined;
  /** The pause before the next request, if the book is correct. */
  pause: Subscription | undefined;
  patience: Subscription | undefined;
}

interface Queued {
  readonly book: Followed;
  /** True if the book is correct and only deeper levels are wanted. */
  readonly isDeeper: boolean;
  /** Emits when the book gets another place in a queue, so that this one has no effect any more. */
  readonly overtaken$: Subject<void>;
}

/** The books of one venue. All lines feed each book, and each book resynchronises by itself. */
export class VenueBooks {
  readonly #options: VenueBooksOptions;
  readonly #books = new Map<string, Followed>();
  readonly #lines = new Set<number>();
  readonly #wanted$ = new Subject<Queued>();
  readonly #deeper$ = new Subject<Queued>();
  readonly #subscription: Subscription;

  constructor(options: VenueBooksOptions) {
    this.#options = options;
    this.#subscription = merge(
      this.#wanted$.pipe(mergeMap((queued) => this.#fetched(queued), AT_ONCE)),
      this.#deeper$.pipe(mergeMap((queued) => this.#fetched(queued), DEEPER_AT_ONCE)),
    ).subscribe();
  }

  lineJoined(line: number): void {
    this.#lines.add(line);
    for (const { sync } of this.#books.values()) sync.joined(line);
  }

  /** Fetches each book whose changes are subscribed, at its first change or after `FIRST_CHANGE_MS` without one. */
  subscribed(instruments: readonly Instrument[]): void {
    if (this.#options.fetchBook === undefined || instruments.length === 0) return;
    this.#later(FIRST_CHANGE_MS, () => {
      for (const { symbol } of instruments) this.#ask(symbol);
    });
  }

  #ask(symbol: string): void {
    const instrument = this.#options.lines.bySymbol(symbol);
    if (instrument === undefined || this.#lines.size === 0) return;
    const { venue, environment } = this.#options;
    const book = this.#books.get(symbol) ?? this.#follow({ venue: venue.id, environment, ...instrument });
    book.sync.subscribed();
    this.#resync(book);
  }

  /** Notes a lost line. `to`: the line that replaces it, subscribed before `line` closes. */
  lineLost(line: number, to?: number): void {
    this.#lines.delete(line);
    const now = this.#options.scheduler.now();
    for (const book of this.#books.values())
      this.#report(book, to === undefined ? book.sync.lost(line, now) : book.sync.cutOver(line, to, now));
  }

  /** Applies a frame's updates, all of one symbol. */
  updated(line: number, updates: readonly BookUpdate[]): void {
    const now = this.#options.scheduler.now();
    const [first] = updates;
    if (first === undefined) return;
    const book = this.#books.get(first.symbol) ?? this.#follow(first);
    const steps = updates.length === 1 ? book.sync.update(line, first, now) : [];
    if (updates.length > 1) for (const update of updates) steps.push(...book.sync.update(line, update, now));
    const difference = steps.length > 0 || book.disagrees ? undefined : linesDisagree(first, book.sync);
    if (difference !== undefined) {
      book.disagrees = true;
      this.#options.out({ kind: 'status', note: difference });
    }
    // Even held updates prove that the venue delivers.
    const { symbol: key, receivedAt: at } = first;
    this.#options.out({ kind: 'value', key, at, value: this.#stepped(book, steps) });
    this.#resync(book);
  }

  /** Marks a book as stale that has not changed although it must have. It recovers with the next change. */
  markStale(symbol: string, reason: string): void {
    const book = this.#books.get(symbol);
    if (book?.sync.state === 'in_step') this.#emit(book, [this.#event(book, { kind: 'stale', reason })]);
  }

  /** Resynchronises a book that is wrong although its updates are complete. */
  resynchronise(symbol: string, reason: string): void {
    const book = this.#books.get(symbol);
    if (book?.sync.state === 'in_step') this.#report(book, book.sync.fail(reason));
  }

  /** Returns a symbol's book; undefined if the book lacks updates. */
  inStep(symbol: string): BookSync | undefined {
    const sync = this.#books.get(symbol)?.sync;
    return sync?.state === 'in_step' ? sync : undefined;
  }

  /** Returns a symbol's book as a step that replaces the whole book. Undefined if the book lacks updates. */
  current(symbol: string): BookStepped | undefined {
    const book = this.#books.get(symbol);
    if (book?.sync.state !== 'in_step') return undefined;
    const { timestamp, receivedAt, updateId } = book.sync;
    if (updateId === undefined) return undefined;
    return this.#event(book, { kind: 'replaced', timestamp, receivedAt, updateId });
  }

  remove(symbol: string): void {
    const book = this.#books.get(symbol);
    book?.patience?.unsubscribe();
    this.#books.delete(symbol);
  }

  close(): void {
    this.#subscription.unsubscribe();
    for (const { patience } of this.#books.values()) patience?.unsubscribe();
  }

  #follow({ venue, symbol, venueSymbol, coin, environment }: BookOrigin): Followed {
    const sync = new BookSync({ mode: this.#options.fetchBook === undefined ? 'sent' : 'fetched' });
    for (const line of this.#lines) sync.joined(line);
    const book = newBook({ venue, symbol, venueSymbol, coin, environment }, sync);
    this.#books.set(symbol, book);
    return book;
  }

  #event({ origin, sync }: Followed, step: BookStep): BookStepped {
    const { symbol, coin } = origin;
    return { kind: 'book', symbol, coin, receivedAt: sync.receivedAt, origin, step, book: sync };
  }

  #stepped(book: Followed, steps: readonly BookStep[]): BookStepped[] {
    return steps.map((step) => {
      if (step.kind === 'stale') this.#options.count('book_out_of_step');
      if (step.kind === 'replaced') {
        book.attempts = 0;
        book.replacedAt = this.#options.scheduler.now();
      }
      return this.#event(book, step);
    });
  }

  /** Emits steps that come without a frame of the symbol. */
  #report(book: Followed, steps: readonly BookStep[]): void {
    if (steps.length > 0) this.#emit(book, this.#stepped(book, steps));
    this.#resync(book);
  }

  #emit(book: Followed, value: readonly BookStepped[]): void {
    this.#options.out({ kind: 'value', key: book.origin.symbol, at: book.sync.receivedAt, value, late: true });
  }

  /** Fetches a book or subscribes it again, if it lacks updates or deeper levels are wanted. */
  #resync(book: Followed): void {
    const { sync } = book;
    if (sync.waitingSince !== undefined) this.#wait(book, sync.waitingSince);
    if (sync.wants === undefined) return;
    // The book was correct when it was queued or began to wait.
    const wasInStep = book.queued?.isDeeper === true || book.pause !== undefined;
    if (book.busy && !(wasInStep && sync.state !== 'in_step')) return;
    book.queued?.overtaken$.next();
    if (book.pause !== undefined) book.attempts = 0;
    book.pause?.unsubscribe();
    book.pause = undefined;
    book.busy = true;
    if (sync.wants === 'snapshot') {
      this.#enqueue(book);
      return;
    }
    const { lines } = this.#options;
    const instrument = lines.bySymbol(book.origin.symbol);
    if (instrument !== undefined) lines.resubscribe(instrument, lines.bookTopicsOf(instrument));
    this.#retryLater(book);
  }

  #enqueue(book: Followed): void {
    const { sync, replacedAt } = book;
    const now = this.#options.scheduler.now();
    if (!sync.isShort) book.larger = 0;
    const isSoon = book.queued === undefined && book.attempts === 0 && now < replacedAt + LASTS_MS;
    const grows = sync.isShort && isSoon && book.larger < MAX_LARGER;
    if (grows) book.larger++;
    const queued = { book, isDeeper: sync.state === 'in_step', overtaken$: new Subject<void>() };
    book.queued = queued;
    const queue$ = queued.isDeeper ? this.#deeper$ : this.#wanted$;
    const waitMs = sync.isShort && !grows ? replacedAt + AGAIN_MS - now : 0;
    if (waitMs > 0) this.#later(waitMs, () => queue$.next(queued));
    else queue$.next(queued);
  }

  #wait(book: Followed, since: number): void {
    const { scheduler } = this.#options;
    if (book.patience !== undefined) return;
    const leftMs = since + OTHER_LINE_MS - scheduler.now();
    if (leftMs <= 0) {
      this.#report(book, book.sync.giveUp());
      return;
    }
    book.patience = scheduler.schedule(() => {
      book.patience = undefined;
      if (book.sync.waitingSince !== undefined) this.#wait(book, book.sync.waitingSince);
    }, leftMs);
  }

  #fetched(queued: Queued): Observable<unknown> {
    const { book } = queued;
    // The book has another place in the queue by now.
    if (book.queued !== queued) return EMPTY;
    const leave = (): void => {
      if (book.queued === queued) book.queued = undefined;
    };
    const { fetchBook, lines, scheduler } = this.#options;
    const instrument = lines.bySymbol(book.origin.symbol);
    const wanted = this.#follows(book) && book.sync.wants === 'snapshot';
    if (instrument === undefined || fetchBook === undefined || !wanted) {
      leave();
      book.busy = false;
      return EMPTY;
    }
    const isUrgent = book.sync.isShort && !queued.isDeeper;
    return defer(() => fetchBook(instrument, { larger: book.larger, isUrgent, onSent: leave })).pipe(
      filter(() => this.#follows(book)),
      tap((snapshot) => this.#report(book, book.sync.snapshot(snapshot, scheduler.now()))),
      catchError(() => {
        this.#options.count('book_not_had');
        return EMPTY;
      }),
      tap({
        complete: () => {
          leave();
          this.#retryLater(book);
        },
      }),
      takeUntil(queued.overtaken$),
    );
  }

  /** Checks the book again later, with a growing pause. */
  #retryLater(book: Followed): void {
    if (book.sync.wants === undefined) {
      book.busy = false;
      return;
    }
    const delayMs = Math.min(AGAIN_MS * 2 ** book.attempts++, AGAIN_AT_MOST_MS);
    const pause = this.#later(delayMs, () => {
      book.busy = false;
      book.pause = undefined;
      if (this.#follows(book)) this.#resync(book);
    });
    if (book.sync.state === 'in_step') book.pause = pause;
  }

  #later(delayMs: number, work: () => void): Subscription {
    const later = timer(delayMs, this.#options.scheduler).subscribe(work);
    this.#subscription.add(later);
    return later;
  }

  /** Returns false once the book's symbol was removed, even if a request is under way. */
  #follows(book: Followed): boolean {
    return this.#books.get(book.origin.symbol) === book;
  }
}

function newBook(origin: BookOrigin, sync: BookSync): Followed {
  return {
    ...{ origin, sync, disagrees: false, busy: false, attempts: 0, replacedAt: Number.NEGATIVE_INFINITY, larger: 0 },
    ...{ queued: undefined, pause: undefined, patience: undefined },
  };
}
