import type { EventKind } from '../captures/frame-subject.ts';
import type { Connection } from '../connection.ts';
import type { Listing, TradeTexts } from '../market/listing.ts';
import type { OnOrder } from '../market/market.ts';
import { type Pace, PacedTopics } from '../paced-topics.ts';
import type { Topic } from '../topic.ts';
import type { VenueHost } from '../venue-host.ts';
import type { VenueStreams } from '../venue-protocol.ts';
import { BybitBooks, viewBook } from './bybit-books.ts';
import { BYBIT_INTERVALS, bookFrame, bybitTrade, klineFrame, tickerFrame, tradeFrame } from './bybit-frames.ts';

const TICKER_EVERY_MS = 50;
const BEST_EVERY_MS = 10;
const BEST_AGAIN_AFTER_MS = 3_000;
const KLINE_EVERY_MS = 1_000;
const BOOK_LEVELS = ['1', '50', '200', '1000'];

export interface TopicParts {
  readonly symbol: string;
  readonly kind: EventKind;
  /** Klines, by Bybit's name. */
  readonly interval?: string;
  /** Books. */
  readonly levels?: number;
}

/** Takes a Bybit topic apart; undefined for one that has no handler. */
export function bybitTopic(topic: string): TopicParts | undefined {
  const parts = topic.split('.');
  const [name, second = '', third = ''] = parts;
  if (parts.length === 2 && name === 'publicTrade') return { symbol: second, kind: 'trade' };
  if (parts.length === 2 && name === 'tickers') return { symbol: second, kind: 'ticker' };
  if (parts.length !== 3) return undefined;
  if (name === 'kline' && BYBIT_INTERVALS[second] !== undefined)
    return { symbol: third, kind: 'kline', interval: second };
  if (name !== 'orderbook' || !BOOK_LEVELS.includes(second)) return undefined;
  return { symbol: third, kind: second === '1' ? 'book_ticker' : 'depth', levels: Number(second) };
}

/** Bybit's topics, made of the venue's market. Nothing is made of a topic that nobody listens to. */
export class BybitStreams implements VenueStreams {
  readonly books: BybitBooks;
  private readonly host: VenueHost;
  private readonly paced: PacedTopics;

  constructor(host: VenueHost) {
    this.host = host;
    this.books = new BybitBooks(host);
    this.paced = new PacedTopics(host);
  }

  /** Takes up a topic for a connection; all but trades begin with a snapshot for it alone. */
  subscribed(connection: Connection, topic: Topic, parts: TopicParts, now: number): void {
    const listing = this.host.listing(parts.symbol);
    if (listing === undefined || parts.kind === 'trade') return;
    if (parts.kind === 'depth') this.books.subscribed(connection, topic, listing, parts.levels ?? 50, now);
    else this.paced.add(topic, listing, paceOf(this.host, topic, listing, parts), now, connection);
  }

  readonly order: OnOrder = (listing, trades) => {
    const { symbol } = listing;
    const topic = this.host.activeTopic(`publicTrade.${symbol}`);
    if (topic === undefined && this.host.journal === undefined) return;
    const texts = trades.map((trade) => bybitTrade(listing, trade));
    const sent = topic === undefined ? () => '[]' : publishTrades(topic, texts);
    for (const [index, trade] of texts.entries()) this.host.noteTrade(symbol, trade, sent(index), topic);
  };

  slice(now: number): void {
    this.paced.slice(now);
    this.books.slice(now);
  }

  restartBook(listing: Listing, now: number): void {
    listing.restartBook(now);
    this.books.restart(listing, now);
    this.paced.sendAtOnce(`orderbook.1.${listing.symbol}`, now);
  }
}

function paceOf(host: VenueHost, topic: Topic, listing: Listing, { kind, interval = '1' }: TopicParts): Pace {
  if (kind === 'ticker') {
    const make = (now: number) => tickerFrame(listing, now, host.market?.lastSequence ?? 0);
    return { everyMs: TICKER_EVERY_MS, make };
  }
  if (kind === 'book_ticker') {
    const make = (now: number) =>
      bookFrame(listing, { topic: topic.name, type: 'snapshot', now, ...viewBook(host, listing, 1) });
    return { everyMs: BEST_EVERY_MS, againMs: BEST_AGAIN_AFTER_MS, make };
  }
  return {
    everyMs: KLINE_EVERY_MS,
    interval: BYBIT_INTERVALS[interval] ?? '1m',
    intervalName: interval,
    make: (now, _unit, candle) => klineFrame(listing, interval, candle, now),
  };
}

/** Returns the connections that each trade went to, by its place in the order, as JSON. */
function publishTrades(topic: Topic, trades: readonly TradeTexts[]): (index: number) => string {
  if (!topic.disturbed) {
    const everyone = topic.publish(() => tradeFrame(topic.symbol, trades));
    return () => everyone;
  }
  // Each listener alone: skipped trades leave a message that begins later.
  const reached = topic.listeners().flatMap((connection) => {
    const skipped = connection.interference?.takeSkips(topic, trades.length) ?? 0;
    if (skipped === trades.length) return [];
    const isSent = topic.publishTo(connection, tradeFrame(topic.symbol, trades.slice(skipped)));
    return isSent ? [{ number: connection.number, from: skipped }] : [];
  });
  return (index) => `[${reached.filter(({ from }) => index >= from).map(({ number }) => number)}]`;
}
