import { WITHHELD } from '../journal.ts';
import { DepthSide } from '../market/depth-side.ts';
import type { Listing, Quote } from '../market/listing.ts';
import type { Topic } from '../topic.ts';
import type { VenueHost } from '../venue-host.ts';

const FAST_MS = 100;
const SLOW_MS = 1_000;

interface DepthTopic {
  readonly topic: Topic;
  /** Levels of a partial book; 0: differences. */
  readonly levels: number;
  readonly everyMs: number;
}

interface View {
  readonly updateId: number;
  readonly bids: DepthSide;
  readonly asks: DepthSide;
}

/** What a differences stream tells next: the ids from the one after `fromId` on. */
interface Update {
  readonly fromId: number;
  readonly bids: readonly Quote[];
  readonly asks: readonly Quote[];
}

interface Depth {
  readonly listing: Listing;
  readonly topics: DepthTopic[];
  /** As last published; undefined while nobody listens. */
  view: View | undefined;
  /** Prices that changed since the last slow publication. */
  slow: { readonly fromId: number; readonly bids: Set<number>; readonly asks: Set<number> };
}

/**
 * Depth streams and the depth by REST of one venue. While somebody listens, REST shows the book as it was at the last
 * 100 ms publication, so that the snapshot and the differences fit by the documented rule at every moment.
 */
export class BinanceDepth {
  private readonly host: VenueHost;
  private readonly depths = new Map<Listing, Depth>();
  private nextFast = 0;
  private nextSlow = 0;

  constructor(host: VenueHost) {
    this.host = host;
  }

  subscribed(topic: Topic, listing: Listing, levels: number, everyMs: number): void {
    const depth = this.depths.get(listing) ?? { listing, topics: [], view: undefined, slow: changedSince(0) };
    this.depths.set(listing, depth);
    if (!depth.topics.some((known) => known.topic === topic)) depth.topics.push({ topic, levels, everyMs });
    if (depth.view === undefined) start(depth);
  }

  /** The book's update ids have started again: what was published before is forgotten. */
  restart(listing: Listing): void {
    const depth = this.depths.get(listing);
    if (depth?.view !== undefined) start(depth);
  }

  /** The book as `GET /api/v3/depth` shows it. */
  snapshot(listing: Listing, limit: number): string {
    return partial(listing, this.depths.get(listing)?.view ?? viewOf(listing), limit);
  }

  slice(now: number): void {
    if (now < this.nextFast) return;
    this.nextFast = now - (now % FAST_MS) + FAST_MS;
    const slow = now >= this.nextSlow;
    if (slow) this.nextSlow = now - (now % SLOW_MS) + SLOW_MS;
    for (const depth of this.depths.values()) this.publish(depth, now, slow);
  }

  private publish(depth: Depth, now: number, slow: boolean): void {
    const { listing, view: before } = depth;
    if (before === undefined) return;
    if (depth.topics.every(({ topic }) => topic.size === 0)) {
      depth.view = undefined;
      return;
    }
    if (before.updateId !== listing.updateId) {
      const after = viewOf(listing);
      const bids = before.bids.changesTo(after.bids);
      const asks = before.asks.changesTo(after.asks);
      for (const { price } of bids) depth.slow.bids.add(price);
      for (const { price } of asks) depth.slow.asks.add(price);
      depth.view = after;
      this.send(depth, after, FAST_MS, { fromId: before.updateId, bids, asks }, now);
    }
    const view = depth.view ?? before;
    const { fromId } = depth.slow;
    if (!slow || fromId === view.updateId) return;
    const bids = current(depth.slow.bids, view.bids);
    const asks = current(depth.slow.asks, view.asks);
    depth.slow = changedSince(view.updateId);
    this.send(depth, view, SLOW_MS, { fromId, bids, asks }, now);
  }

  private send({ listing, topics }: Depth, view: View, everyMs: number, update: Update, now: number): void {
    const id = `${view.updateId}`;
    for (const { topic, levels, everyMs: own } of topics) {
      if (own !== everyMs || topic.size === 0) continue;
      const text = (unit: string) =>
        levels > 0 ? partial(listing, view, levels) : updateText(listing, view, update, now, unit);
      const sent = topic.publish(text(''), topic.wantsMicros ? text('000') : undefined);
      this.host.note(topic, { id, time: now, sent, more: sent === topic.listening ? '' : WITHHELD });
    }
  }
}

function viewOf(listing: Listing): View {
  return {
    updateId: listing.updateId,
    bids: new DepthSide(listing, 'bids'),
    asks: new DepthSide(listing, 'asks'),
  };
}

function start(depth: Depth): void {
  depth.view = viewOf(depth.listing);
  depth.slow = changedSince(depth.view.updateId);
}

function changedSince(fromId: number): Depth['slow'] {
  return { fromId, bids: new Set(), asks: new Set() };
}

function current(prices: ReadonlySet<number>, side: DepthSide): Quote[] {
  return [...prices].map((price) => ({ price, quantity: side.quantityAt(price) }));
}

function updateText(listing: Listing, { updateId }: View, update: Update, now: number, unit: string): string {
  const { fromId, bids, asks } = update;
  return (
    `{"e":"depthUpdate","E":${now}${unit},"s":"${listing.symbol}","U":${fromId + 1},"u":${updateId},` +
    `"b":${listing.levelsText(bids)},"a":${listing.levelsText(asks)}}`
  );
}

function partial(listing: Listing, { updateId, bids, asks }: View, limit: number): string {
  return `{"lastUpdateId":${updateId},"bids":${listing.levelsText(bids.first(limit))},"asks":${listing.levelsText(asks.first(limit))}}`;
}
