import type { Connection } from '../connection.ts';
import { viewBook } from '../market/book-view.ts';
import type { Listing } from '../market/listing.ts';
import { type Pace, PacedTopics } from '../paced-topics.ts';
import type { Topic } from '../topic.ts';
import type { VenueHost } from '../venue-host.ts';
import type { VenueStreams } from '../venue-protocol.ts';
import { BybitBooks } from './bybit-books.ts';
import { BYBIT_INTERVALS, bookFrame, klineFrame, tickerFrame, tradeFrame, tradeId } from './bybit-frames.ts';
import type { TopicParts } from './bybit-topic.ts';

const TRADES_A_MESSAGE = 1_024;
const TICKER_EVERY_MS = 50;
const BEST_EVERY_MS = 10;
const BEST_AGAIN_AFTER_MS = 3_000;
const KLINE_EVERY_MS = 1_000;

/** Bybit's topics, made of the venue's market. Nothing is made of a topic that nobody listens to. */
export class BybitStreams implements VenueStreams {
  readonly books: BybitBooks;
  private readonly host: VenueHost;
  private readonly tradeTopics: (Topic | undefined)[] = [];
  private readonly paced: PacedTopics;

  constructor(host: VenueHost) {
    this.host = host;
    this.books = new BybitBooks(host);
    this.paced = new PacedTopics(host);
  }

  /** Takes up a topic for a connection; all but trades begin with a snapshot for it alone. */
  subscribed(connection: Connection, name: string, parts: TopicParts, now: number): void {
    const { symbol, kind, levels = 50 } = parts;
    const listing = this.host.listing(symbol);
    if (listing === undefined) return;
    const topic = this.host.topic(name, kind, symbol);
    if (kind === 'trade') this.tradeTopics[listing.index] = topic;
    else if (kind === 'depth') this.books.subscribed(connection, topic, listing, levels, now);
    else this.paced.addWithFirst(topic, listing, this.paceOf(topic, listing, parts), connection, now);
  }

  order(listing: Listing, first: number, count: number): void {
    const topic = this.tradeTopics[listing.index];
    const heard = topic !== undefined && topic.size > 0 ? topic : undefined;
    if (heard === undefined && this.host.journal === undefined) return;
    for (let from = first; from < first + count; from += TRADES_A_MESSAGE)
      this.publishTrades(heard, listing, from, Math.min(TRADES_A_MESSAGE, first + count - from));
  }

  slice(now: number): void {
    this.paced.slice(now);
    this.books.slice(now);
  }

  restartBook(listing: Listing, now: number): void {
    listing.restartBook(now);
    this.books.restart(listing, now);
    this.paced.sendAtOnce(`orderbook.1.${listing.symbol}`, now);
  }

  private paceOf(topic: Topic, listing: Listing, { kind, interval = '1' }: TopicParts): Pace {
    const sequence = () => this.host.market?.lastSequence ?? 0;
    if (kind === 'ticker') return { everyMs: TICKER_EVERY_MS, make: (now) => tickerFrame(listing, now, sequence()) };
    if (kind === 'book_ticker')
      return {
        everyMs: BEST_EVERY_MS,
        againMs: BEST_AGAIN_AFTER_MS,
        make: (now) =>
          bookFrame(listing, { topic: topic.name, type: 'snapshot', now, ...viewBook(listing, 1, sequence()) }),
      };
    return {
      everyMs: KLINE_EVERY_MS,
      interval: BYBIT_INTERVALS[interval] ?? '1m',
      intervalName: interval,
      make: (now, _unit, candle) => klineFrame(listing, interval, candle, now),
    };
  }

  private publishTrades(topic: Topic | undefined, listing: Listing, first: number, count: number): void {
    const everyone =
      topic === undefined ? '[]' : topic.disturbed ? undefined : topic.publish(tradeFrame(listing, first, count));
    const startsAt =
      topic !== undefined && everyone === undefined ? this.publishDisturbed(topic, listing, first, count) : undefined;
    if (this.host.journal === undefined) return;
    for (let number = first; number < first + count; number++) {
      const reached = [...(startsAt ?? [])].filter(([, from]) => number >= from).map(([to]) => to);
      const sent = everyone ?? `[${reached.join(',')}]`;
      this.host.noteTrade(listing, number, tradeId(listing, number), sent, topic);
    }
  }

  /** Each listener alone: skipped trades leave a message that begins later. Returns the first trade that each got. */
  private publishDisturbed(topic: Topic, listing: Listing, first: number, count: number): Map<number, number> {
    const startsAt = new Map<number, number>();
    for (const connection of topic.listeners()) {
      const skipped = connection.interference?.takeSkips(topic, count) ?? 0;
      if (skipped === count) continue;
      if (topic.publishTo(connection, tradeFrame(listing, first + skipped, count - skipped)))
        startsAt.set(connection.number, first + skipped);
    }
    return startsAt;
  }
}
