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
import type { VenueLines } from '../connection/venue-lines.ts';
import type { VenueFeedOptions, VenueSignal } from '../venue-signal.ts';

/** How long a book waits for the other line to bring what one has skipped. */
const OTHER_LINE_MS = 500;
/** A whole book is best asked for behind the first change; one that takes longer belongs to a quiet symbol. */
const FIRST_CHANGE_MS = 1000;
/** What was fetched should do for as long: else the next larger size is asked for. */
const LASTS_MS = 60_000;
/** No more sizes are worth a request at once. */
const MOST_LARGER = 3;
/** Books asked for at once: the trades of a hole, which the same budget pays, wait for no more than these. */
const AT_ONCE = 3;
/** Of books that are right, for their deeper levels: those that are not wait behind none of them. */
const DEEPER_AT_ONCE = 1;
/** A book that did not come, or too old, is asked for again after this long, twice as long each time. */
const AGAIN_MS = 1000;
const AGAIN_AT_MOST_MS = 30_000;

export interface VenueBooksOptions extends Pick<VenueFeedOptions, 'environment' | 'fetchBook' | 'scheduler'> {
  readonly venue: Pick<Venue, 'id'>;
  readonly lines: Pick<VenueLines, 'bySymbol' | 'resubscribeBook'>;
  readonly count: (what: 'book_out_of_step' | 'book_not_had') => void;
  readonly out: (signal: VenueSignal) => void;
}

interface Followed {
  readonly origin: BookOrigin;
  readonly sync: BookSync;
  /** In the queue, or asked for, or waiting to be so again. */
  busy: boolean;
  attempts: number;
  /** When it came last. */
  replacedAt: number;
  /** By how many sizes larger than at first it is asked for, where its levels did not last. */
  larger: number;
  /** Its place in a queue, until the request leaves; undefined: in none, or it is asked for. */
  queued: Queued | undefined;
  patience: Subscription | undefined;
}

interface Queued {
  readonly book: Followed;
  /** The book is right: only its deeper levels are wanted. */
  readonly isDeeper: boolean;
  /** That it needs another place. */
  readonly overtaken$: Subject<void>;
}

/** The books of one venue: each fed by all lines, each brought back into step by itself. */
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

  /** A book that has to be asked for is so with its first change; where none comes soon, without one. */
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
    this.#mend(book);
  }

  /** `to`: the line that takes its place; it was subscribed before `line` is let go. */
  lineLost(line: number, to?: number): void {
    this.#lines.delete(line);
    const now = this.#options.scheduler.now();
    for (const book of this.#books.values())
      this.#report(book, to === undefined ? book.sync.lost(line, now) : book.sync.cutOver(line, to, now));
  }

  /** What a frame says, all of one symbol. */
  updated(line: number, updates: readonly BookUpdate[]): void {
    const now = this.#options.scheduler.now();
    const [first] = updates;
    if (first === undefined) return;
    const book = this.#books.get(first.symbol) ?? this.#follow(first);
    const steps = updates.length === 1 ? book.sync.update(line, first, now) : [];
    if (updates.length > 1) for (const update of updates) steps.push(...book.sync.update(line, update, now));
    // Held back, it is a sign of life all the same.
    const { symbol: key, receivedAt: at } = first;
    this.#options.out({ kind: 'value', key, at, value: this.#stepped(book, steps) });
    this.#mend(book);
  }

  /** A book that is in step, as a step that replaces all: for who has not seen it. */
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
    const book: Followed = {
      origin: { venue, symbol, venueSymbol, coin, environment },
      sync,
      busy: false,
      attempts: 0,
      replacedAt: Number.NEGATIVE_INFINITY,
      larger: 0,
      queued: undefined,
      patience: undefined,
    };
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

  /** Tells what came of something else than a frame of the symbol. */
  #report(book: Followed, steps: readonly BookStep[]): void {
    const { symbol: key } = book.origin;
    if (steps.length > 0) {
      const { receivedAt: at } = book.sync;
      this.#options.out({ kind: 'value', key, at, value: this.#stepped(book, steps), late: true });
    }
    this.#mend(book);
  }

  /** Sees to what a book needs to be in step. */
  #mend(book: Followed): void {
    const { sync } = book;
    if (sync.waitingSince !== undefined) this.#wait(book, sync.waitingSince);
    if (sync.wants === undefined) return;
    // It was right as it was put into its queue, and is not any more.
    const isOvertaken = book.queued?.isDeeper === true && sync.state !== 'in_step';
    if (book.busy && !isOvertaken) return;
    book.queued?.overtaken$.next();
    book.busy = true;
    if (sync.wants === 'snapshot') {
      this.#enqueue(book);
      return;
    }
    const { lines } = this.#options;
    const instrument = lines.bySymbol(book.origin.symbol);
    if (instrument !== undefined) lines.resubscribeBook(instrument);
    this.#again(book);
  }

  #enqueue(book: Followed): void {
    const { sync, replacedAt } = book;
    const now = this.#options.scheduler.now();
    if (!sync.isShort) book.larger = 0;
    const isSoon = book.queued === undefined && book.attempts === 0 && now < replacedAt + LASTS_MS;
    const grows = sync.isShort && isSoon && book.larger < MOST_LARGER;
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
    // It has another place by now.
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
          this.#again(book);
        },
      }),
      takeUntil(queued.overtaken$),
    );
  }

  /** Looks again whether the book is in step, later each time. */
  #again(book: Followed): void {
    if (book.sync.wants === undefined) {
      book.busy = false;
      return;
    }
    const delayMs = Math.min(AGAIN_MS * 2 ** book.attempts++, AGAIN_AT_MOST_MS);
    this.#later(delayMs, () => {
      book.busy = false;
      if (this.#follows(book)) this.#mend(book);
    });
  }

  #later(delayMs: number, work: () => void): void {
    this.#subscription.add(timer(delayMs, this.#options.scheduler).subscribe(work));
  }

  /** False once its symbol was removed, whatever is still under way for it. */
  #follows(book: Followed): boolean {
    return this.#books.get(book.origin.symbol) === book;
  }
}
