import { priceText, quantityText } from './binance-frames.ts';
import { type BookView, changedLevels, viewBook } from './book-view.ts';
import type { Listing, Quote } from './listing.ts';
import type { Topic } from './topic.ts';
import type { VenueHost } from './venue-host.ts';

const LEVELS = 500;
const FAST_MS = 100;
const SLOW_MS = 1_000;

interface DepthTopic {
  readonly topic: Topic;
  /** Levels of a partial book; 0: differences. */
  readonly levels: number;
  readonly everyMs: number;
}

interface Depth {
  readonly listing: Listing;
  readonly topics: DepthTopic[];
  /** As last published; undefined while nobody listens. */
  view: BookView | undefined;
  slow: { fromId: number; readonly bids: Set<number>; readonly asks: Set<number> };
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
    const depth = this.depths.get(listing) ?? { listing, topics: [], view: undefined, slow: accumulator(0) };
    this.depths.set(listing, depth);
    if (!depth.topics.some((known) => known.topic === topic)) depth.topics.push({ topic, levels, everyMs });
    if (depth.view === undefined) start(depth);
  }

  /** The book as `GET /api/v3/depth` shows it. */
  snapshot(listing: Listing, limit: number): string {
    const view = this.depths.get(listing)?.view ?? viewBook(listing, LEVELS);
    return partial(listing, view, limit);
  }

  slice(now: number): void {
    if (now < this.nextFast) return;
    this.nextFast = now - (now % FAST_MS) + FAST_MS;
    const slow = now >= this.nextSlow;
    if (slow) this.nextSlow = now - (now % SLOW_MS) + SLOW_MS;
    for (const depth of this.depths.values()) this.publish(depth, now, slow);
  }

  private publish(depth: Depth, now: number, slow: boolean): void {
    const { listing } = depth;
    const topics = depth.topics.filter(({ topic }) => topic.size > 0);
    if (topics.length === 0 || depth.view === undefined) {
      depth.view = undefined;
      return;
    }
    const before = depth.view;
    const changed = before.updateId !== listing.updateId;
    if (changed) {
      depth.view = viewBook(listing, LEVELS);
      const bids = changedLevels(before.bids, depth.view.bids);
      const asks = changedLevels(before.asks, depth.view.asks);
      for (const { price } of bids) depth.slow.bids.add(price);
      for (const { price } of asks) depth.slow.asks.add(price);
      for (const { topic, levels, everyMs } of topics) {
        if (everyMs !== FAST_MS) continue;
        if (levels > 0)
          this.send(topic, listing, partial(listing, depth.view, levels), partial(listing, depth.view, levels), now);
        else this.sendUpdate(topic, listing, before.updateId + 1, bids, asks, now);
      }
    }
    if (!slow || depth.slow.fromId === listing.updateId) return;
    const bids = current(depth.slow.bids, depth.view.bids);
    const asks = current(depth.slow.asks, depth.view.asks);
    for (const { topic, levels, everyMs } of topics) {
      if (everyMs !== SLOW_MS) continue;
      if (levels > 0)
        this.send(topic, listing, partial(listing, depth.view, levels), partial(listing, depth.view, levels), now);
      else this.sendUpdate(topic, listing, depth.slow.fromId + 1, bids, asks, now);
    }
    depth.slow = accumulator(depth.view.updateId);
  }

  private sendUpdate(
    topic: Topic,
    listing: Listing,
    from: number,
    bids: readonly Quote[],
    asks: readonly Quote[],
    now: number,
  ): void {
    const update = (unit: string) =>
      `{"e":"depthUpdate","E":${now}${unit},"s":"${listing.symbol}","U":${from},"u":${listing.updateId},"b":${levelsText(listing, bids)},"a":${levelsText(listing, asks)}}`;
    this.send(topic, listing, update(''), topic.wantsMicros ? update('000') : '', now);
  }

  private send(topic: Topic, listing: Listing, millis: string, micros: string, now: number): void {
    const sent = topic.publish(millis, micros);
    this.host.journal?.event(this.host.id, listing.symbol, 'depth', `${listing.updateId}`, '', '', '', now, sent);
  }
}

function start(depth: Depth): void {
  depth.view = viewBook(depth.listing, LEVELS);
  depth.slow = accumulator(depth.view.updateId);
}

function accumulator(fromId: number): Depth['slow'] {
  return { fromId, bids: new Set(), asks: new Set() };
}

function current(prices: ReadonlySet<number>, side: readonly Quote[]): Quote[] {
  const quantities = new Map(side.map(({ price, quantity }) => [price, quantity]));
  return [...prices].map((price) => ({ price, quantity: quantities.get(price) ?? 0 }));
}

function partial(listing: Listing, view: BookView, limit: number): string {
  const bids = levelsText(listing, view.bids.slice(0, limit));
  return `{"lastUpdateId":${view.updateId},"bids":${bids},"asks":${levelsText(listing, view.asks.slice(0, limit))}}`;
}

function levelsText(listing: Listing, levels: readonly Quote[]): string {
  return `[${levels.map(({ price, quantity }) => `["${priceText(listing, price)}","${quantityText(listing, quantity)}"]`).join(',')}]`;
}
