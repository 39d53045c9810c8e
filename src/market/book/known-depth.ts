import { compareDecimals, type Decimal } from '../../domain/decimal.ts';
import type { BookUpdate } from '../../domain/market-event.ts';
import { compareIds } from '../../domain/trade-id.ts';
import type { OrderBook } from './order-book.ts';

/** The worst fetched price of each side; null if all levels of the side were fetched. */
interface Reach {
  readonly bid: Decimal | null;
  readonly ask: Decimal | null;
  /** Half of the requested levels. If fewer levels of a side are known, deeper ones are requested. */
  readonly least: number;
}

/** Maximum number of updates kept while deeper levels are requested: thirty seconds at ten updates a second. */
const MAX_SINCE = 300;

/** Tracks down to which price each side of a fetched book is complete. */
export class KnownDepth {
  readonly #book: OrderBook;
  /** How deep each side is known; undefined if the whole book is known. */
  #reach: Reach | undefined;
  /**
   * The updates since deeper levels were requested, and the book's id before them. Undefined if no levels are
   * requested.
   */
  #since: { before: string; readonly updates: BookUpdate[] } | undefined;

  constructor(book: OrderBook) {
    this.#book = book;
  }

  /** The lowest id that a requested book with deeper levels may have; undefined if no such book is requested. */
  get wantedFrom(): string | undefined {
    return this.#since?.before;
  }

  /** Every bid down to this price is known. Null: every bid. */
  get worstBid(): Decimal | null {
    return this.#reach?.bid ?? null;
  }

  /** Every ask up to this price is known. Null: every ask. */
  get worstAsk(): Decimal | null {
    return this.#reach?.ask ?? null;
  }

  /** Replaces the book and applies the updates since the request again. Returns true if there were such updates. */
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

  /** Notes an applied update. Returns true if deeper levels are wanted from now on. */
  applied(update: BookUpdate, previousUpdateId: string): boolean {
    const begins = this.#since === undefined && this.#reach !== undefined && !this.knows(this.#reach.least);
    if (begins) this.#since = { before: previousUpdateId, updates: [] };
    if (this.#since === undefined) return false;
    const { updates } = this.#since;
    updates.push(update);
    if (updates.length > MAX_SINCE) this.#since.before = updates.shift()?.lastUpdateId ?? previousUpdateId;
    return begins;
  }

  /** Returns true if the best `levels` levels of both sides are complete. */
  knows(levels: number): boolean {
    if (this.#reach === undefined) return true;
    const { bid, ask } = this.#reach;
    const [lowest, highest] = [this.#book.bidAt(levels)?.price, this.#book.askAt(levels)?.price];
    const knowsBids = bid === null || (lowest !== undefined && compareDecimals(lowest, bid) >= 0);
    return knowsBids && (ask === null || (highest !== undefined && compareDecimals(highest, ask) <= 0));
  }

  forget(): void {
    this.#since = undefined;
  }
}

function reachOf({ bids, asks, limit }: BookUpdate): Reach | undefined {
  if (limit === undefined || (bids.length < limit && asks.length < limit)) return undefined;
  return {
    bid: bids.length < limit ? null : (bids.at(-1)?.price ?? null),
    ask: asks.length < limit ? null : (asks.at(-1)?.price ?? null),
    least: Math.ceil(limit / 2),
  };
}
