import { KLINE_INTERVALS, type KlineInterval } from '../../domain/instrument.ts';
import type { EventKind } from '../captures/frame-subject.ts';
import { tradeEvent } from '../journal.ts';
import type { OnOrder } from '../market/market.ts';
import type { SimulatedInstrument, TradeTexts } from '../market/simulated-instrument.ts';
import { type Pace, pacedTopics } from '../paced-topics.ts';
import type { Topic } from '../topic.ts';
import type { VenueHost } from '../venue-host.ts';
import { binanceDepth } from './binance-depth.ts';
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
  /** The symbol in capital letters; empty for streams of all symbols, and for a name that is not in lower case. */
  readonly symbol: string;
  readonly kind: EventKind;
  /** Interval of a kline stream. */
  readonly interval?: KlineInterval;
  /** Number of levels of a partial book; 0: a depth stream with changes. */
  readonly levels?: number;
  /** Milliseconds between two events of a depth stream. */
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

/** Parses a Binance stream name; undefined for an invalid one. */
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

/** Turns the simulated market into Binance's WebSocket messages. Nothing is made for a stream without listeners. */
export function binanceStreams(host: VenueHost) {
  const books = binanceDepth(host);
  const paced = pacedTopics(host);
  let nextAllMini = 0;

  /** Registers a stream that has a listener. Trade streams need no registration: `order` sends trades. */
  function subscribed(topic: Topic, instrument: SimulatedInstrument, stream: StreamName): void {
    const { kind, levels = 0, everyMs = 1_000 } = stream;
    if (kind === 'depth' || kind === 'book') books.subscribed(topic, instrument, levels, everyMs);
    else if (kind !== 'trade' && kind !== 'agg_trade') paced.add(topic, instrument, paceOf(instrument, stream));
  }

  const order: OnOrder = (instrument, trades) => {
    const { symbol } = instrument;
    const stream = symbol.toLowerCase();
    const topic = host.activeTopic(`${stream}@trade`);
    for (const trade of topic === undefined && host.journal === undefined ? [] : trades) {
      const texts = instrument.tradeTexts(trade);
      const sent = topic?.publish((unit) => tradeData(symbol, texts, unit, host.id === 'binance_us')) ?? '[]';
      host.journalTrade(symbol, texts, sent, topic);
    }
    const aggTopic = host.activeTopic(`${stream}@aggTrade`);
    if (aggTopic !== undefined)
      for (const trade of aggTrades(instrument, trades)) publishAggTrade(aggTopic, symbol, trade);
  };

  function slice(now: number): void {
    paced.slice(now);
    books.slice(now);
    if (now < nextAllMini) return;
    nextAllMini = now - (now % TICKER_EVERY_MS) + TICKER_EVERY_MS;
    const allMini = host.activeTopic('!miniTicker@arr');
    if (allMini !== undefined) miniTickers(allMini, now);
  }

  function publishAggTrade(topic: Topic, symbol: string, trade: TradeTexts): void {
    const sent = topic.publish((unit) => aggTradeData(symbol, trade, unit));
    const more = `,"first_trade_id":"${trade.firstId}","last_trade_id":"${trade.lastId}"`;
    host.journalEvent(topic, { ...tradeEvent(trade), sent, more });
  }

  function miniTickers(topic: Topic, now: number): void {
    const changed = (host.market?.instruments ?? []).filter(({ changedAt }) => changedAt > now - TICKER_EVERY_MS);
    if (changed.length === 0) return;
    topic.publish((unit) => `[${changed.map((instrument) => miniTickerData(instrument, now, unit)).join(',')}]`);
  }

  return { books, order, slice, subscribed, restartBook: books.restart };
}

export type BinanceStreams = ReturnType<typeof binanceStreams>;

function paceOf(instrument: SimulatedInstrument, { kind, interval = '1m' }: StreamName): Pace {
  if (kind === 'book_ticker') return { everyMs: 0, make: () => bookTickerData(instrument) };
  if (kind === 'ticker') return { everyMs: TICKER_EVERY_MS, make: (now, unit) => tickerData(instrument, now, unit) };
  if (kind === 'mini_ticker')
    return { everyMs: TICKER_EVERY_MS, make: (now, unit) => miniTickerData(instrument, now, unit) };
  return {
    everyMs: interval === '1s' ? 1_000 : KLINE_EVERY_MS,
    interval,
    make: (now, unit, candle) => klineData(instrument, interval, candle, now, unit),
  };
}
