import { duration } from '../../domain/duration.ts';
import { getOrCreate } from '../../domain/get-or-create.ts';
import type { BookUpdate } from '../../domain/market-event.ts';
import type { BookTicker } from '../../domain/record.ts';
import { BookSync } from '../../market/book/book-sync.ts';
import type { OrderBook } from '../../market/book/order-book.ts';
import { count } from '../terminal/number-text.ts';
import { type CheckItem, checkedItem, failed, noted } from './check-item.ts';
import { TopPrices } from './top-prices.ts';

/** How many of the best levels of each side are compared. */
const LEVELS = 20;
/** Maximum states of a symbol's books that are kept, to be compared with the same states of its other books. */
const WAITING_STATES = 1000;
/** The number of the book that begins with a later REST answer. The lines' books have the numbers 0 and 1. */
const LATER = 2;

interface CheckedBook {
  readonly symbol: string;
  /** By the book's number. */
  readonly syncs: Map<number, BookSync>;
  readonly tops: Map<number, TopPrices>;
  /** States by matching sequence or update id; `by` is the number of the book that reached the state first. */
  readonly states: Map<string, { readonly by: number; readonly levels: string; readonly updateId: string }>;
}

interface Comparison {
  equal: number;
  readonly problems: string[];
}

/** Follows each line's books and compares them: with each other, with REST, and with the book ticker. */
export class CheckedBooks {
  readonly #fetched: boolean;
  readonly #books = new Map<string, CheckedBook>();
  readonly #problems: string[] = [];
  readonly #lines: Comparison = { equal: 0, problems: [] };
  readonly #rest: Comparison = { equal: 0, problems: [] };
  #restProblem: string | undefined;
  #changes = 0;
  /** How many states the first line's books had, and in how many both lines had the same update id. */
  #states = 0;
  #sameIds = 0;
  #updates = 0;

  /** @param fetched true if whole books come by REST on request */
  constructor(fetched: boolean) {
    this.#fetched = fetched;
  }

  /** Symbols whose book must be fetched now. */
  get wanted(): readonly string[] {
    return [...this.#books.values()].flatMap(({ symbol, syncs }) =>
      [...syncs.values()].some(({ wants }) => wants === 'snapshot') ? [symbol] : [],
    );
  }

  /** Symbols with a book. */
  get symbols(): readonly string[] {
    return [...this.#books.values()].flatMap(({ symbol, syncs }) => (syncs.size === 0 ? [] : [symbol]));
  }

  update(line: number, update: BookUpdate, at: number): void {
    const book = this.#bookOf(update.symbol);
    this.#updates++;
    this.#applied(book, line, (sync) => sync.update(line, update, at), at);
    if (line === 0 && book.syncs.has(LATER)) this.#applied(book, LATER, (sync) => sync.update(LATER, update, at), at);
  }

  ticker(line: number, { symbol, bidPrice, askPrice }: BookTicker, at: number): void {
    this.#topOf(this.#bookOf(symbol), line).ticker(bidPrice, askPrice, at);
  }

  /** Begins another book of a symbol with the next REST answer, to compare it with the lines' books. */
  compareWithRest(symbol: string): void {
    const sync = this.#syncOf(this.#bookOf(symbol), LATER);
    sync.subscribed();
  }

  fetchedBook(update: BookUpdate, at: number): void {
    const book = this.#bookOf(update.symbol);
    for (const [by, { wants }] of book.syncs)
      if (wants === 'snapshot') this.#applied(book, by, (sync) => sync.snapshot(update, at), at);
  }

  notFetched(problem: string): void {
    this.#restProblem ??= problem;
  }

  items(endAt: number): readonly CheckItem[] {
    if (this.#updates === 0) return [];
    return [
      checkedItem('book updates', this.#problems, `${count(this.#changes)} follow each other`),
      ...this.#lineItems(),
      ...(this.#fetched ? [this.#restItem()] : []),
      ...this.#tickerItems(endAt),
    ];
  }

  #applied(book: CheckedBook, by: number, apply: (sync: BookSync) => ReturnType<BookSync['update']>, at: number): void {
    const sync = this.#syncOf(book, by);
    for (const step of apply(sync)) {
      if (step.kind === 'stale') {
        // A short book is stale because the price has left its fetched levels. That is no error of the venue.
        if (!sync.isShort) this.#problems.push(`${nameOf(by)}, ${book.symbol}: ${step.reason}`);
      } else this.#changes++;
    }
    if (by !== LATER) this.#topOf(book, by).book(sync.state === 'in_step' ? sync.book : undefined, at);
    if (sync.state !== 'in_step' || sync.updateId === undefined) return;
    if (by === 0) this.#states++;
    // If the price has moved past half of the fetched levels, the best levels may be incomplete. Such a book is not
    // compared.
    if (!sync.isShort) this.#compare(book, by, sync, sync.updateId);
  }

  /** Compares two books' levels at the same matching sequence, or, if the venue sends none, at the same update id. */
  #compare({ symbol, states }: CheckedBook, by: number, { sequence, book }: BookSync, updateId: string): void {
    const place = sequence ?? updateId;
    const levels = levelsOf(book);
    const known = states.get(place);
    if (known === undefined || known.by === by) {
      states.set(place, { by, levels, updateId });
      const [oldest] = states.size > WAITING_STATES ? states.keys() : [];
      if (oldest !== undefined) states.delete(oldest);
      return;
    }
    const comparison = by === LATER || known.by === LATER ? this.#rest : this.#lines;
    if (comparison === this.#lines && known.updateId === updateId) this.#sameIds++;
    if (known.levels === levels) comparison.equal++;
    else comparison.problems.push(`${symbol} at ${place}: ${nameOf(known.by)} and ${nameOf(by)} differ`);
  }

  #lineItems(): readonly CheckItem[] {
    const { equal, problems } = this.#lines;
    const common = equal + problems.length;
    // This is only information: venues do not promise that both lines have the same update ids.
    const ids = noted('update ids', `${count(this.#sameIds)} of ${count(this.#states)} of line 1 came on line 2, too`);
    if (common === 0) return [ids];
    return [checkedItem('lines agree: book', problems, `equal levels at ${count(equal)} common states`), ids];
  }

  #restItem(): CheckItem {
    const { equal, problems } = this.#rest;
    if (equal + problems.length > 0)
      return checkedItem('book and REST', problems, `equal levels at ${count(equal)} update ids`);
    return failed('book and REST', this.#restProblem ?? 'no book by REST could be compared');
  }

  #tickerItems(endAt: number): readonly CheckItem[] {
    const tops = [...this.#books.values()].flatMap(({ symbol, tops }) =>
      [...tops].map(([line, top]) => ({ name: `${nameOf(line)}, ${symbol}`, top })),
    );
    const compared = tops.filter(({ top }) => top.isCompared);
    if (compared.length === 0) return [];
    const problems = compared.flatMap(({ name, top }) => top.problem(name, endAt));
    const longestMs = Math.max(...compared.map(({ top }) => top.longestMs(endAt)));
    return [checkedItem('book and book ticker', problems, `best prices differed for ${duration(longestMs)} at most`)];
  }

  #bookOf(symbol: string): CheckedBook {
    return getOrCreate(this.#books, symbol, () => {
      return { symbol, syncs: new Map(), tops: new Map(), states: new Map() };
    });
  }

  #syncOf({ syncs }: CheckedBook, by: number): BookSync {
    return getOrCreate(syncs, by, () => {
      const sync = new BookSync({ mode: this.#fetched ? 'fetched' : 'sent' });
      sync.joined(by);
      return sync;
    });
  }

  #topOf({ tops }: CheckedBook, line: number): TopPrices {
    return getOrCreate(tops, line, () => new TopPrices());
  }
}

function nameOf(by: number): string {
  return by === LATER ? 'the book by REST' : `line ${by + 1}`;
}

function levelsOf(book: OrderBook): string {
  let text = '';
  for (let at = 1; at <= LEVELS; at++) {
    const bid = book.bidAt(at);
    const ask = book.askAt(at);
    text += `${bid?.price}:${bid?.quantity} ${ask?.price}:${ask?.quantity}\n`;
  }
  return text;
}
