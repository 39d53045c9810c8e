import { compareDecimals, type Decimal } from '../../domain/decimal.ts';
import type { BookUpdate } from '../../domain/market-event.ts';
import { compareIds } from '../../domain/trade-id.ts';
import type { OrderBook } from './order-book.ts';

/** The worst prices of a whole book that was fetched and may go on behind them; undefined: a side that does not. */
interface Reach {
  readonly bid: Decimal | undefined;
  readonly ask: Decimal | undefined;
  /** Half of what was fetched: if less is known, the next levels are wanted. */
  readonly least: number;
}

/** Updates kept while deeper levels are wanted: thirty seconds of a venue that sends ten a second. */
const MOST_SINCE = 300;

/** How deep a fetched book is known, and what was applied to it since deeper levels are wanted. */
export class KnownDepth {
  readonly #book: OrderBook;
  /** Undefined: the whole book is known. */
  #reach: Reach | undefined;
  /** What was applied since deeper levels are wanted, and the id before it. */
  #since: { before: string; readonly updates: BookUpdate[] } | undefined;

  constructor(book: OrderBook) {
    this.#book = book;
  }

  /** Where deeper levels must reach to; undefined: none are wanted. */
  get wantedFrom(): string | undefined {
    return this.#since?.before;
  }

  /** Puts a whole book in place, with what was applied since it was wanted on top. True: something was. */
  replace(update: BookUpdate): boolean {
    const since = (this.#since?.updates ?? []).filter(
      ({ lastUpdateId }) => compareIds(lastUpdateId, update.lastUpdateId) > 0,
    );
    this.#since = undefined;
    this.#reach = reachOf(update);
    this.#book.replace(update.bids, update.asks);
    for (const { bids, asks } of since) this.#book.apply(bids, asks);
    return since.length > 0;
  }

  /** An update was applied. True: deeper levels are wanted from now on. */
  applied(update: BookUpdate, previousUpdateId: string): boolean {
    const begins = this.#since === undefined && this.#reach !== undefined && !this.knows(this.#reach.least);
    if (begins) this.#since = { before: previousUpdateId, updates: [] };
    if (this.#since === undefined) return false;
    const { updates } = this.#since;
    updates.push(update);
    if (updates.length > MOST_SINCE) this.#since.before = updates.shift()?.lastUpdateId ?? previousUpdateId;
    return begins;
  }

  /** True if so many levels a side are as the venue has them. */
  knows(levels: number): boolean {
    if (this.#reach === undefined) return true;
    const { bid, ask } = this.#reach;
    const [lowest, highest] = [this.#book.bidAt(levels)?.price, this.#book.askAt(levels)?.price];
    const knowsBids = bid === undefined || (lowest !== undefined && compareDecimals(lowest, bid) >= 0);
    return knowsBids && (ask === undefined || (highest !== undefined && compareDecimals(highest, ask) <= 0));
  }

  /** Deeper levels are wanted no longer. */
  forget(): void {
    this.#since = undefined;
  }
}

function reachOf({ bids, asks, limit }: BookUpdate): Reach | undefined {
  if (limit === undefined || (bids.length < limit && asks.length < limit)) return undefined;
  return {
    bid: bids.length < limit ? undefined : bids.at(-1)?.price,
    ask: asks.length < limit ? undefined : asks.at(-1)?.price,
    least: Math.ceil(limit / 2),
  };
}
