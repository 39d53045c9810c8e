import type { Listing } from '../market/listing.ts';
import { type Pace, PacedTopics } from '../paced-topics.ts';
import type { Topic } from '../topic.ts';
import type { VenueHost } from '../venue-host.ts';
import type { VenueStreams } from '../venue-protocol.ts';
import { BinanceDepth } from './binance-depth.ts';
import { aggTradeData, bookTickerData, klineData, miniTickerData, tickerData, tradeData } from './binance-frames.ts';
import type { StreamName } from './binance-stream-name.ts';

const TICKER_EVERY_MS = 1_000;
const KLINE_EVERY_MS = 2_000;

/** Binance's streams, made of one venue's market. Nothing is made of a stream that nobody listens to. */
export class BinanceStreams implements VenueStreams {
  readonly books: BinanceDepth;
  private readonly host: VenueHost;
  private readonly orderIds: boolean;
  private readonly tradeTopics: (Topic | undefined)[] = [];
  private readonly aggTopics: (Topic | undefined)[] = [];
  private readonly paced: PacedTopics;
  private allMini: Topic | undefined;
  private nextAllMini = 0;

  constructor(host: VenueHost) {
    this.host = host;
    this.orderIds = host.id === 'binance_us';
    this.books = new BinanceDepth(host);
    this.paced = new PacedTopics(host);
  }

  /** Takes up a stream that somebody listens to from now on. */
  subscribed(name: string, stream: StreamName): void {
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
    else if (kind === 'depth' || kind === 'book')
      this.books.subscribed(topic, listing, stream.levels ?? 0, stream.everyMs ?? 1_000);
    else this.paced.add(topic, listing, paceOf(listing, stream));
  }

  order(listing: Listing, first: number, count: number): void {
    this.publishTrades(this.tradeTopics[listing.index], listing, first, count);
    const agg = this.aggTopics[listing.index];
    if (agg !== undefined && agg.size > 0) this.publishAggTrades(agg, listing, first, count);
  }

  restartBook(listing: Listing): void {
    this.books.restart(listing);
  }

  slice(now: number): void {
    this.paced.slice(now);
    this.books.slice(now);
    if (now < this.nextAllMini) return;
    this.nextAllMini = now - (now % TICKER_EVERY_MS) + TICKER_EVERY_MS;
    if (this.allMini !== undefined && this.allMini.size > 0) this.miniTickers(this.allMini, now);
  }

  private publishTrades(topic: Topic | undefined, listing: Listing, first: number, count: number): void {
    const { host, orderIds } = this;
    const { trades } = listing;
    const heard = topic !== undefined && topic.size > 0 ? topic : undefined;
    if (heard === undefined && host.journal === undefined) return;
    const wantsMicros = heard?.wantsMicros === true;
    let lastPrice = -1;
    let price = '';
    for (let number = first; number < first + count; number++) {
      let sent = '[]';
      if (heard !== undefined) {
        if (trades.price(number) !== lastPrice) {
          lastPrice = trades.price(number);
          price = listing.priceText(lastPrice);
        }
        const quantity = listing.quantityText(trades.quantity(number));
        const data = tradeData(listing, number, price, quantity, '', orderIds);
        sent = heard.publish(data, wantsMicros ? tradeData(listing, number, price, quantity, '000', orderIds) : data);
      }
      host.noteTrade(listing, number, `${trades.id(number)}`, sent, heard);
    }
  }

  private publishAggTrades(topic: Topic, listing: Listing, first: number, count: number): void {
    const { trades } = listing;
    let from = first;
    while (from < first + count) {
      let to = from;
      let sum = trades.quantity(from);
      while (to + 1 < first + count && trades.group(to + 1) === trades.group(from)) sum += trades.quantity(++to);
      const price = listing.priceText(trades.price(from));
      const quantity = listing.quantityText(sum);
      const data = (unit: string) => aggTradeData(listing, from, to, price, quantity, unit);
      this.host.note(topic, {
        id: `${trades.group(from)}`,
        price,
        quantity,
        side: trades.sell(from) ? 'sell' : 'buy',
        time: trades.time(from),
        sent: topic.publish(data(''), topic.wantsMicros ? data('000') : undefined),
        more: `,"first_trade_id":"${trades.id(from)}","last_trade_id":"${trades.id(to)}"`,
      });
      from = to + 1;
    }
  }

  private miniTickers(topic: Topic, now: number): void {
    const changed = (this.host.market?.listings ?? []).filter(({ changedAt }) => changedAt > now - TICKER_EVERY_MS);
    if (changed.length === 0) return;
    const array = (unit: string) => `[${changed.map((listing) => miniTickerData(listing, now, unit)).join(',')}]`;
    topic.publish(array(''), topic.wantsMicros ? array('000') : undefined);
  }
}

function paceOf(listing: Listing, { kind, interval = '1m' }: StreamName): Pace {
  if (kind === 'book_ticker') return { everyMs: 0, make: () => bookTickerData(listing) };
  if (kind === 'ticker') return { everyMs: TICKER_EVERY_MS, make: (now, unit) => tickerData(listing, now, unit) };
  if (kind === 'mini_ticker')
    return { everyMs: TICKER_EVERY_MS, make: (now, unit) => miniTickerData(listing, now, unit) };
  return {
    everyMs: interval === '1s' ? 1_000 : KLINE_EVERY_MS,
    interval,
    make: (now, unit, candle) => klineData(listing, interval, candle, now, unit),
  };
}
