import { at } from '../../domain/at.ts';
import type { EventKind } from '../captures/frame-subject.ts';
import type { Connection } from '../connection.ts';
import { WITHHELD } from '../journal.ts';
import { nextOpen, openTime } from '../market/candle.ts';
import type { Listing } from '../market/listing.ts';
import type { Topic } from '../topic.ts';
import type { VenueHost } from '../venue-host.ts';
import type { VenueStreams } from '../venue-protocol.ts';
import { BinanceDepth } from './binance-depth.ts';
import {
  aggTradeData,
  bookTickerData,
  klineData,
  miniTickerData,
  priceText,
  quantityText,
  tickerData,
  tradeData,
} from './binance-frames.ts';
import type { StreamName } from './binance-stream-name.ts';

const TICKER_EVERY_MS = 1_000;
const KLINE_EVERY_MS = 2_000;

interface ListingTopic {
  readonly topic: Topic;
  readonly listing: Listing;
}

interface KlineTopic extends ListingTopic {
  readonly interval: string;
  open: number;
  sentAt: number;
  sentTrades: number;
}

interface TickerTopic extends ListingTopic {
  readonly mini: boolean;
  sentTrades: number;
}

/** Binance's streams, made of one venue's market. Nothing is made of a stream that nobody listens to. */
export class BinanceStreams implements VenueStreams {
  private readonly host: VenueHost;
  private readonly orderIds: boolean;
  private readonly tradeTopics: (Topic | undefined)[] = [];
  private readonly aggTopics: (Topic | undefined)[] = [];
  private readonly bookTopics: (Topic | undefined)[] = [];
  private readonly tickers = new Map<string, TickerTopic>();
  private readonly klines = new Map<string, KlineTopic>();
  private readonly changedBooks = new Set<Listing>();
  private readonly depth: BinanceDepth;
  private allMini: Topic | undefined;
  private nextTicker = 0;

  constructor(host: VenueHost) {
    this.host = host;
    this.orderIds = host.id === 'binance_us';
    this.depth = new BinanceDepth(host);
  }

  get books(): BinanceDepth {
    return this.depth;
  }

  /** Takes up a stream that somebody listens to from now on. */
  subscribed(_connection: Connection, name: string, stream: StreamName): void {
    if (name === '!miniTicker@arr') {
      this.allMini = this.host.topic(name, 'mini_ticker', '');
      return;
    }
    const listing = this.host.listing(stream.symbol);
    if (listing === undefined) return;
    const topic = this.host.topic(name, stream.kind, listing.symbol);
    const { kind } = stream;
    if (kind === 'trade') this.tradeTopics[listing.index] = topic;
    else if (kind === 'agg_trade') this.aggTopics[listing.index] = topic;
    else if (kind === 'book_ticker') this.bookTopics[listing.index] = topic;
    else if (kind === 'depth' || kind === 'book')
      this.depth.subscribed(topic, listing, stream.levels ?? 0, stream.everyMs ?? 1_000);
    else if (kind === 'kline') this.addKline(name, topic, listing, stream.interval ?? '1m');
    else if (!this.tickers.has(name))
      this.tickers.set(name, { topic, listing, mini: kind === 'mini_ticker', sentTrades: -1 });
  }

  order(listing: Listing, first: number, count: number): void {
    const topic = this.tradeTopics[listing.index];
    const { journal } = this.host;
    if ((topic !== undefined && topic.size > 0) || journal !== undefined)
      this.publishTrades(topic, listing, first, count);
    const agg = this.aggTopics[listing.index];
    if (agg !== undefined && agg.size > 0) this.publishAggTrades(agg, listing, first, count);
    const book = this.bookTopics[listing.index];
    if (book !== undefined && book.size > 0) this.changedBooks.add(listing);
  }

  restartBook(listing: Listing): void {
    this.depth.restart(listing);
  }

  slice(now: number): void {
    for (const listing of this.changedBooks) this.publishBook(listing, now);
    this.changedBooks.clear();
    this.depth.slice(now);
    for (const kline of this.klines.values()) if (kline.topic.size > 0) this.kline(kline, now);
    if (now < this.nextTicker) return;
    this.nextTicker = now - (now % TICKER_EVERY_MS) + TICKER_EVERY_MS;
    for (const ticker of this.tickers.values()) if (ticker.topic.size > 0) this.ticker(ticker, now);
    if (this.allMini !== undefined && this.allMini.size > 0) this.miniTickers(this.allMini, now);
  }

  private publishTrades(topic: Topic | undefined, listing: Listing, first: number, count: number): void {
    const { host, orderIds } = this;
    const { trades } = listing;
    const heard = topic !== undefined && topic.size > 0 ? topic : undefined;
    const wantsMicros = heard?.wantsMicros === true;
    let lastPrice = -1;
    let price = '';
    for (let number = first; number < first + count; number++) {
      if (trades.price(number) !== lastPrice) {
        lastPrice = trades.price(number);
        price = priceText(listing, lastPrice);
      }
      const quantity = quantityText(listing, trades.quantity(number));
      let sent = '[]';
      if (heard !== undefined) {
        const data = tradeData(listing, number, price, quantity, '', orderIds);
        sent = heard.publish(data, wantsMicros ? tradeData(listing, number, price, quantity, '000', orderIds) : data);
      }
      host.journal?.event(
        host.id,
        listing.symbol,
        'trade',
        `${trades.id(number)}`,
        price,
        quantity,
        trades.sell(number) ? 'sell' : 'buy',
        trades.time(number),
        sent,
        heard !== undefined && sent !== heard.listening ? WITHHELD : '',
      );
    }
  }

  private publishAggTrades(topic: Topic, listing: Listing, first: number, count: number): void {
    const { trades } = listing;
    let from = first;
    while (from < first + count) {
      let to = from;
      let sum = trades.quantity(from);
      while (to + 1 < first + count && trades.group(to + 1) === trades.group(from)) sum += trades.quantity(++to);
      const price = priceText(listing, trades.price(from));
      const quantity = quantityText(listing, sum);
      const data = aggTradeData(listing, from, to, price, quantity, '');
      const sent = topic.publish(
        data,
        topic.wantsMicros ? aggTradeData(listing, from, to, price, quantity, '000') : data,
      );
      const more = `,"first_trade_id":"${trades.id(from)}","last_trade_id":"${trades.id(to)}"`;
      this.journal(
        'agg_trade',
        listing,
        `${trades.group(from)}`,
        price,
        quantity,
        trades.sell(from) ? 'sell' : 'buy',
        trades.time(from),
        sent,
        more,
      );
      from = to + 1;
    }
  }

  private publishBook(listing: Listing, now: number): void {
    const topic = at(this.bookTopics, listing.index);
    const sent = topic.publish(bookTickerData(listing));
    if (this.host.journal === undefined) return;
    const { bestBid, bestAsk } = listing;
    const more = `,"ask_price":"${priceText(listing, bestAsk)}","ask_quantity":"${quantityText(listing, listing.quantityAt(bestAsk))}"`;
    this.journal(
      'book_ticker',
      listing,
      `${listing.updateId}`,
      priceText(listing, bestBid),
      quantityText(listing, listing.quantityAt(bestBid)),
      '',
      now,
      sent,
      more,
    );
  }

  private ticker(ticker: TickerTopic, now: number): void {
    const { topic, listing, mini } = ticker;
    if (ticker.sentTrades === listing.trades.count) return;
    ticker.sentTrades = listing.trades.count;
    const data = mini ? miniTickerData : tickerData;
    const sent = topic.publish(data(listing, now, ''), topic.wantsMicros ? data(listing, now, '000') : '');
    this.journal(topic.kind, listing, '', priceText(listing, listing.candles.price), '', '', now, sent);
  }

  private miniTickers(topic: Topic, now: number): void {
    const changed = (this.host.market?.listings ?? []).filter(({ changedAt }) => changedAt > now - TICKER_EVERY_MS);
    if (changed.length === 0) return;
    const array = (unit: string) => `[${changed.map((listing) => miniTickerData(listing, now, unit)).join(',')}]`;
    topic.publish(array(''), topic.wantsMicros ? array('000') : '');
  }

  private addKline(name: string, topic: Topic, listing: Listing, interval: string): void {
    if (this.klines.has(name)) return;
    this.klines.set(name, { topic, listing, interval, open: 0, sentAt: 0, sentTrades: -1 });
  }

  /** Every two seconds (1s: every second) where something traded, and once more when the candle closes. */
  private kline(kline: KlineTopic, now: number): void {
    const { listing, interval } = kline;
    const open = openTime(interval, now) ?? now;
    if (kline.open !== open) {
      if (kline.open !== 0 && nextOpen(interval, kline.open) === open)
        this.publishKline(kline, kline.open, open, now, true);
      kline.open = open;
      kline.sentTrades = -1;
    }
    if (now - kline.sentAt < (interval === '1s' ? 1_000 : KLINE_EVERY_MS) || kline.sentTrades === listing.trades.count)
      return;
    kline.sentAt = now;
    kline.sentTrades = listing.trades.count;
    this.publishKline(kline, open, nextOpen(interval, open), now, false);
  }

  private publishKline(
    { topic, listing, interval }: KlineTopic,
    open: number,
    end: number,
    now: number,
    closed: boolean,
  ): void {
    const data = (unit: string) => klineData(listing, interval, open, end, now, closed, unit);
    const sent = topic.publish(data(''), topic.wantsMicros ? data('000') : '');
    const candle = listing.candles.candle(open, end);
    const more = `,"closed":${closed}`;
    this.journal(
      'kline',
      listing,
      `${interval}:${open}`,
      priceText(listing, candle.close),
      quantityText(listing, candle.volume),
      '',
      now,
      sent,
      more,
    );
  }

  private journal(
    kind: EventKind,
    listing: Listing,
    id: string,
    price: string,
    quantity: string,
    side: string,
    time: number,
    sent: string,
    more = '',
  ): void {
    this.host.journal?.event(this.host.id, listing.symbol, kind, id, price, quantity, side, time, sent, more);
  }
}
