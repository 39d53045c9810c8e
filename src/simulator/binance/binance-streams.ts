import { KLINE_INTERVALS, type KlineInterval } from '../../domain/instrument.ts';
import type { EventKind } from '../captures/frame-subject.ts';
import { tradeEvent } from '../journal.ts';
import type { Listing, TradeTexts } from '../market/listing.ts';
import type { OnOrder } from '../market/market.ts';
import { type Pace, PacedTopics } from '../paced-topics.ts';
import type { Topic } from '../topic.ts';
import type { VenueHost } from '../venue-host.ts';
import type { VenueStreams } from '../venue-protocol.ts';
import { BinanceDepth } from './binance-depth.ts';
import {
  aggTradeData,
  aggTrades,
  bookTickerData,
  klineData,
  miniTickerData,
  tickerData,
  tradeData,
} from './binance-frames.ts';

const TICKER_EVERY_MS = 1_000;
const KLINE_EVERY_MS = 2_000;

export interface StreamName {
  /** As the venue's payloads spell it; empty for streams of all symbols, and where the name is not in lower case (no such symbol). */
  readonly symbol: string;
  readonly kind: EventKind;
  /** Klines. */
  readonly interval?: KlineInterval;
  /** Depth: levels of a partial book, 0 for differences; milliseconds between two. */
  readonly levels?: number;
  readonly everyMs?: number;
}

const STREAM = new RegExp(
  `^([^@\\s!]{1,40})@(?:(trade|aggTrade|ticker|miniTicker|bookTicker)|kline_(${KLINE_INTERVALS.join('|')})|depth(5|10|20)?(?:@(100|1000)ms)?)$`,
);

const KINDS: Readonly<Record<string, EventKind>> = {
  trade: 'trade',
  aggTrade: 'agg_trade',
  ticker: 'ticker',
  miniTicker: 'mini_ticker',
  bookTicker: 'book_ticker',
};

/** Takes a Binance stream name apart; undefined for one that the venue would call invalid. */
export function binanceStream(name: string): StreamName | undefined {
  if (name === '!miniTicker@arr') return { symbol: '', kind: 'mini_ticker' };
  const match = STREAM.exec(name);
  if (match === null) return undefined;
  const [, spelled = '', plain, named, levels, everyMs] = match;
  const interval = KLINE_INTERVALS.find((one) => one === named);
  const symbol = spelled === spelled.toLowerCase() ? spelled.toUpperCase() : '';
  const simple = KINDS[plain ?? ''];
  if (simple !== undefined) return { symbol, kind: simple };
  if (interval !== undefined) return { symbol, kind: 'kline', interval };
  const kind = levels === undefined ? 'depth' : 'book';
  return { symbol, kind, levels: Number(levels ?? 0), everyMs: Number(everyMs ?? 1_000) };
}

/** Binance's streams, made of one venue's market. Nothing is made of a stream that nobody listens to. */
export class BinanceStreams implements VenueStreams {
  readonly books: BinanceDepth;
  private readonly host: VenueHost;
  private readonly orderIds: boolean;
  private readonly paced: PacedTopics;
  private nextAllMini = 0;

  constructor(host: VenueHost) {
    this.host = host;
    this.orderIds = host.id === 'binance_us';
    this.books = new BinanceDepth(host);
    this.paced = new PacedTopics(host);
  }

  /** Takes up a stream that somebody listens to from now on. */
  subscribed(topic: Topic, listing: Listing, stream: StreamName): void {
    const { kind, levels = 0, everyMs = 1_000 } = stream;
    if (kind === 'depth' || kind === 'book') this.books.subscribed(topic, listing, levels, everyMs);
    else if (kind !== 'trade' && kind !== 'agg_trade') this.paced.add(topic, listing, paceOf(listing, stream));
  }

  readonly order: OnOrder = (listing, trades) => {
    const { host } = this;
    const { symbol } = listing;
    const stream = symbol.toLowerCase();
    const topic = host.activeTopic(`${stream}@trade`);
    for (const trade of topic === undefined && host.journal === undefined ? [] : trades) {
      const texts = listing.tradeTexts(trade);
      const sent = topic?.publish((unit) => tradeData(symbol, texts, unit, this.orderIds)) ?? '[]';
      host.noteTrade(symbol, texts, sent, topic);
    }
    const aggTopic = host.activeTopic(`${stream}@aggTrade`);
    if (aggTopic !== undefined)
      for (const trade of aggTrades(listing, trades)) this.publishAggTrade(aggTopic, symbol, trade);
  };

  restartBook(listing: Listing): void {
    this.books.restart(listing);
  }

  slice(now: number): void {
    this.paced.slice(now);
    this.books.slice(now);
    if (now < this.nextAllMini) return;
    this.nextAllMini = now - (now % TICKER_EVERY_MS) + TICKER_EVERY_MS;
    const allMini = this.host.activeTopic('!miniTicker@arr');
    if (allMini !== undefined) this.miniTickers(allMini, now);
  }

  private publishAggTrade(topic: Topic, symbol: string, trade: TradeTexts): void {
    const sent = topic.publish((unit) => aggTradeData(symbol, trade, unit));
    const more = `,"first_trade_id":"${trade.firstId}","last_trade_id":"${trade.lastId}"`;
    this.host.note(topic, { ...tradeEvent(trade), sent, more });
  }

  private miniTickers(topic: Topic, now: number): void {
    const changed = (this.host.market?.listings ?? []).filter(({ changedAt }) => changedAt > now - TICKER_EVERY_MS);
    if (changed.length === 0) return;
    topic.publish((unit) => `[${changed.map((listing) => miniTickerData(listing, now, unit)).join(',')}]`);
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
