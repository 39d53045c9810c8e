import { compareDecimals, type Decimal } from '../../domain/decimal.ts';
import type { BookDelta, BookLevel, OrderBookSnapshot } from '../../domain/record.ts';
import { compareIds } from '../../domain/trade-id.ts';
import { OrderBook } from '../../market/book/order-book.ts';

/** If changes are older than the published book by more than this, they no longer come. Microseconds. */
const BEHIND_US = 5_000_000;

/**
 * The order book of one series as far as the feed knows it: the last snapshot among the changes, and the changes after
 * it. Without them, the published best levels.
 */
export class KnownBook {
  /** The last record of `order-books`. */
  published: OrderBookSnapshot | undefined;
  readonly #whole = new OrderBook();
  /** The last applied change. Undefined if a snapshot must come first. */
  #last: BookDelta | undefined;
  /** Up to these prices, each side is known without a gap. Null: the whole side. */
  #worstBid: Decimal | null = null;
  #worstAsk: Decimal | null = null;

  add(record: BookDelta | OrderBookSnapshot): void {
    if (record.kind === 'order_book') this.published = record;
    else if (record.snapshot) this.#replace(record);
    else this.#apply(record);
  }

  /** True if all changes are applied, so `current` may be newer than `published`. */
  get isInSync(): boolean {
    return this.#last !== undefined;
  }

  /** How many levels the published book has on its longer side. Undefined if none was published. */
  get publishedLevels(): number | undefined {
    return this.published && Math.max(this.published.bids.length, this.published.asks.length);
  }

  /** The book with all levels that are known without a gap. Undefined if there is none yet. */
  get current(): OrderBookSnapshot | undefined {
    const { published } = this;
    const last = this.#last;
    if (last === undefined || (published !== undefined && isBehind(last, published))) return published;
    const { venue, symbol, venueSymbol, coin, environment, epoch, receivedAt, timestamp } = last;
    return {
      ...{ kind: 'order_book', venue, symbol, venueSymbol, coin, environment, epoch, receivedAt, timestamp },
      updateId: last.lastUpdateId,
      bids: until(this.#whole.bids(), this.#worstBid, -1),
      asks: until(this.#whole.asks(), this.#worstAsk, 1),
      stale: published?.stale ?? false,
    };
  }

  #replace(snapshot: BookDelta): void {
    this.#last = snapshot;
    this.#whole.replace(snapshot.bids, snapshot.asks);
    this.#worstBid = snapshot.worstKnownBid;
    this.#worstAsk = snapshot.worstKnownAsk;
  }

  #apply(change: BookDelta): void {
    const { lastUpdateId, previousUpdateId, bids, asks } = change;
    if (this.#last === undefined || compareIds(lastUpdateId, this.#last.lastUpdateId) <= 0) return;
    if (previousUpdateId === this.#last.lastUpdateId) {
      this.#last = change;
      this.#whole.apply(bids, asks);
    } else {
      this.#last = undefined;
      this.#whole.clear();
    }
  }
}

/** A stale book has no changes, so only a correct published book shows that changes are missing. */
function isBehind({ receivedAt }: BookDelta, published: OrderBookSnapshot): boolean {
  return !published.stale && published.receivedAt - receivedAt > BEHIND_US;
}

/** Returns the levels up to the worst known price. `direction`: 1 if prices rise from level to level, else -1. */
function until(levels: readonly BookLevel[], worst: Decimal | null, direction: 1 | -1): readonly BookLevel[] {
  if (worst === null) return levels;
  const last = levels.findLastIndex(({ price }) => direction * compareDecimals(price, worst) <= 0);
  return levels.slice(0, last + 1);
}
