import type { EventKind } from '../captures/frame-subject.ts';
import type { Connection } from '../connection.ts';
import { WITHHELD } from '../journal.ts';
import { viewBook } from '../market/book-view.ts';
import { nextOpen, openTime } from '../market/candle.ts';
import type { Listing } from '../market/listing.ts';
import type { Topic } from '../topic.ts';
import type { VenueHost } from '../venue-host.ts';
import type { VenueStreams } from '../venue-protocol.ts';
import { BybitBooks, type OnBook } from './bybit-books.ts';
import {
  BYBIT_INTERVALS,
  bookFrame,
  klineFrame,
  priceText,
  quantityText,
  tickerFrame,
  tradeFrame,
  tradeId,
} from './bybit-frames.ts';
import type { TopicParts } from './bybit-socket.ts';

const TRADES_A_MESSAGE = 1_024;
const TICKER_EVERY_MS = 50;
const BEST_EVERY_MS = 10;
const BEST_AGAIN_AFTER_MS = 3_000;
const KLINE_EVERY_MS = 1_000;

/** A topic whose pushes have a least distance. */
interface PacedTopic {
  readonly topic: Topic;
  readonly listing: Listing;
  sentAt: number;
  /** Trades of the listing at the last push. */
  sentTrades: number;
}

interface KlineTopic extends PacedTopic {
  readonly interval: string;
  open: number;
}

/** Bybit's topics, made of the venue's market. Nothing is made of a topic that nobody listens to. */
export class BybitStreams implements VenueStreams {
  private readonly host: VenueHost;
  private readonly tradeTopics: (Topic | undefined)[] = [];
  private readonly tickers = new Map<string, PacedTopic>();
  private readonly bests = new Map<string, PacedTopic>();
  readonly books: BybitBooks;
  private readonly klines = new Map<string, KlineTopic>();

  constructor(host: VenueHost) {
    this.host = host;
    this.books = new BybitBooks(host);
  }

  /** Takes up a topic for a connection; all but trades begin with a snapshot for it alone. */
  subscribed(connection: Connection, name: string, { symbol, kind, interval, levels }: TopicParts, now: number): void {
    const listing = this.host.listing(symbol);
    if (listing === undefined) return;
    const topic = this.host.topic(name, kind, symbol);
    const paced = { topic, listing, sentAt: now, sentTrades: listing.trades.count };
    if (kind === 'trade') this.tradeTopics[listing.index] = topic;
    else if (kind === 'ticker') {
      if (!this.tickers.has(name)) this.tickers.set(name, paced);
      this.first(connection, topic, listing, this.ticker(listing, now), now);
    } else if (kind === 'book_ticker') {
      if (!this.bests.has(name)) this.bests.set(name, paced);
      this.first(connection, topic, listing, this.best(topic, listing, now), now, `${listing.updateId}`);
    } else if (kind === 'kline') {
      const ours = BYBIT_INTERVALS[interval ?? ''] ?? '1m';
      const open = openTime(ours, now) ?? now;
      if (!this.klines.has(name)) this.klines.set(name, { ...paced, interval: interval ?? '1', open });
      this.first(
        connection,
        topic,
        listing,
        klineFrame(listing, interval ?? '1', open, nextOpen(ours, open), now, false),
        now,
        `${interval ?? '1'}:${open}`,
        ',"closed":false',
      );
    } else {
      const { frame, updateId } = this.books.snapshot(topic, listing, levels ?? 50, now);
      this.first(connection, topic, listing, frame, now, `${updateId}`, '', 'book');
    }
  }

  order(listing: Listing, first: number, count: number): void {
    const topic = this.tradeTopics[listing.index];
    const heard = topic !== undefined && topic.size > 0 ? topic : undefined;
    if (heard === undefined && this.host.journal === undefined) return;
    for (let from = first; from < first + count; from += TRADES_A_MESSAGE)
      this.publishTrades(heard, listing, from, Math.min(TRADES_A_MESSAGE, first + count - from));
  }

  slice(now: number): void {
    for (const paced of this.tickers.values()) {
      if (
        paced.topic.size === 0 ||
        now - paced.sentAt < TICKER_EVERY_MS ||
        paced.sentTrades === paced.listing.trades.count
      )
        continue;
      this.mark(paced, now);
      const sent = paced.topic.publish(this.ticker(paced.listing, now));
      this.journal(paced.topic, paced.listing, '', now, sent);
    }
    for (const paced of this.bests.values()) {
      if (paced.topic.size === 0) continue;
      const changed = paced.sentTrades !== paced.listing.trades.count;
      if (now - paced.sentAt >= (changed ? BEST_EVERY_MS : BEST_AGAIN_AFTER_MS)) this.publishBest(paced, now);
    }
    this.books.slice(now, this.onBook(now));
    for (const kline of this.klines.values()) if (kline.topic.size > 0) this.kline(kline, now);
  }

  restartBook(listing: Listing, now: number): void {
    listing.restartBook(now);
    this.books.restart(listing, now, this.onBook(now));
    const best = this.bests.get(`orderbook.1.${listing.symbol}`);
    if (best !== undefined) this.publishBest(best, now);
  }

  private onBook(now: number): OnBook {
    return (topic, listing, kind, updateId, sent) => {
      const withheld = sent === topic.listening ? '' : WITHHELD;
      this.journal(topic, listing, `${updateId}`, now, sent, withheld, kind);
    };
  }

  private publishBest(paced: PacedTopic, now: number): void {
    const { topic, listing } = paced;
    if (topic.size === 0) return;
    this.mark(paced, now);
    this.journal(topic, listing, `${listing.updateId}`, now, topic.publish(this.best(topic, listing, now)));
  }

  private publishTrades(topic: Topic | undefined, listing: Listing, first: number, count: number): void {
    const everyone =
      topic === undefined ? '[]' : topic.disturbed ? undefined : topic.publish(tradeFrame(listing, first, count));
    const startsAt =
      topic !== undefined && everyone === undefined ? this.publishDisturbed(topic, listing, first, count) : undefined;
    if (this.host.journal === undefined) return;
    const { trades } = listing;
    for (let number = first; number < first + count; number++) {
      const to =
        everyone ??
        `[${[...(startsAt ?? [])]
          .filter(([, from]) => number >= from)
          .map(([to]) => to)
          .join(',')}]`;
      const price = priceText(listing, trades.price(number));
      const quantity = quantityText(listing, trades.quantity(number));
      const side = trades.sell(number) ? 'sell' : 'buy';
      this.host.journal.event(
        this.host.id,
        listing.symbol,
        'trade',
        tradeId(listing, number),
        price,
        quantity,
        side,
        trades.time(number),
        to,
        topic !== undefined && to !== topic.listening ? WITHHELD : '',
      );
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

  /** Every second where something traded, and once more, confirmed, when the candle closes. */
  private kline(kline: KlineTopic, now: number): void {
    const { topic, listing, interval } = kline;
    const ours = BYBIT_INTERVALS[interval] ?? '1m';
    const open = openTime(ours, now) ?? now;
    if (open !== kline.open) {
      if (nextOpen(ours, kline.open) === open) this.publishKline(kline, kline.open, open, now, true);
      kline.open = open;
      kline.sentTrades = -1;
    }
    if (now - kline.sentAt < KLINE_EVERY_MS || kline.sentTrades === listing.trades.count) return;
    this.mark(kline, now);
    if (topic.size > 0) this.publishKline(kline, open, nextOpen(ours, open), now, false);
  }

  private publishKline(
    { topic, listing, interval }: KlineTopic,
    open: number,
    end: number,
    now: number,
    confirm: boolean,
  ): void {
    const sent = topic.publish(klineFrame(listing, interval, open, end, now, confirm));
    this.journal(topic, listing, `${interval}:${open}`, now, sent, `,"closed":${confirm}`);
  }

  private ticker(listing: Listing, now: number): string {
    return tickerFrame(listing, now, this.sequence);
  }

  private best(topic: Topic, listing: Listing, now: number): string {
    return bookFrame(listing, { topic: topic.name, type: 'snapshot', now, ...viewBook(listing, 1, this.sequence) });
  }

  private get sequence(): number {
    return this.host.market?.lastSequence ?? 0;
  }

  private mark(paced: PacedTopic, now: number): void {
    paced.sentAt = now;
    paced.sentTrades = paced.listing.trades.count;
  }

  private first(
    connection: Connection,
    topic: Topic,
    listing: Listing,
    frame: string,
    now: number,
    id = '',
    more = '',
    kind: EventKind = topic.kind,
  ): void {
    const reached = topic.publishTo(connection, frame, kind);
    this.journal(topic, listing, id, now, reached ? `[${connection.number}]` : '[]', more, kind);
  }

  private journal(
    topic: Topic,
    listing: Listing,
    id: string,
    time: number,
    sent: string,
    more = '',
    kind: EventKind = topic.kind,
  ): void {
    if (this.host.journal === undefined) return;
    const best = kind === 'book_ticker';
    const price = priceText(listing, best ? listing.bestBid : listing.candles.price);
    const quantity = best ? quantityText(listing, listing.quantityAt(listing.bestBid)) : '';
    const asks = best
      ? `,"ask_price":"${priceText(listing, listing.bestAsk)}","ask_quantity":"${quantityText(listing, listing.quantityAt(listing.bestAsk))}"`
      : '';
    this.host.journal.event(this.host.id, listing.symbol, kind, id, price, quantity, '', time, sent, asks + more);
  }
}
