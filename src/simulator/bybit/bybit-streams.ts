import type { EventKind } from '../captures/frame-subject.ts';
import type { Connection } from '../connection.ts';
import type { OnOrder } from '../market/market.ts';
import type { SimulatedInstrument, TradeTexts } from '../market/simulated-instrument.ts';
import { type Pace, pacedTopics } from '../paced-topics.ts';
import type { Topic } from '../topic.ts';
import type { VenueHost } from '../venue-host.ts';
import { bybitBooks, viewBook } from './bybit-books.ts';
import { BYBIT_INTERVALS, bookFrame, bybitTrade, klineFrame, tickerFrame, tradeFrame } from './bybit-frames.ts';

const TICKER_EVERY_MS = 50;
const BEST_EVERY_MS = 10;
const BEST_AGAIN_AFTER_MS = 3_000;
const KLINE_EVERY_MS = 1_000;
const BOOK_LEVELS = ['1', '50', '200', '1000'];

export interface TopicParts {
  readonly symbol: string;
  readonly kind: EventKind;
  /** The interval of a kline topic, by Bybit's name. */
  readonly interval?: string;
  /** The number of levels of a book topic. */
  readonly levels?: number;
}

/** Parses a Bybit topic; undefined for a topic that Bybit does not have. */
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

/** Turns the simulated market into Bybit's WebSocket messages. Nothing is sent on a topic without subscribers. */
export function bybitStreams(host: VenueHost) {
  const books = bybitBooks(host);
  const paced = pacedTopics(host);

  /** Registers a subscribed topic and sends its first snapshot. A trade topic needs neither: `order` sends trades. */
  function subscribed(connection: Connection, topic: Topic, parts: TopicParts, now: number): void {
    const instrument = host.instrument(parts.symbol);
    if (instrument === undefined || parts.kind === 'trade') return;
    if (parts.kind === 'depth') books.subscribed(connection, topic, instrument, parts.levels ?? 50, now);
    else paced.add(topic, instrument, paceOf(host, topic, instrument, parts), now, connection);
  }

  const order: OnOrder = (instrument, trades) => {
    const { symbol } = instrument;
    const topic = host.activeTopic(`publicTrade.${symbol}`);
    if (topic === undefined && host.journal === undefined) return;
    const texts = trades.map((trade) => bybitTrade(instrument, trade));
    const sent = topic === undefined ? () => '[]' : publishTrades(topic, texts);
    for (const [index, trade] of texts.entries()) host.journalTrade(symbol, trade, sent(index), topic);
  };

  function slice(now: number): void {
    paced.slice(now);
    books.slice(now);
  }

  function restartBook(instrument: SimulatedInstrument, now: number): void {
    instrument.restartBook(now);
    if (host.market !== undefined) host.market.lastSequence++;
    books.restart(instrument, now);
    paced.sendAtOnce(`orderbook.1.${instrument.symbol}`, now);
  }

  return { books, order, slice, restartBook, subscribed };
}

export type BybitStreams = ReturnType<typeof bybitStreams>;

function paceOf(host: VenueHost, topic: Topic, instrument: SimulatedInstrument, parts: TopicParts): Pace {
  const { kind, interval = '1' } = parts;
  if (kind === 'ticker') {
    const make = (now: number) => tickerFrame(instrument, now, host.market?.lastSequence ?? 0);
    return { everyMs: TICKER_EVERY_MS, make };
  }
  if (kind === 'book_ticker') {
    const make = (now: number) =>
      bookFrame(instrument, { topic: topic.name, type: 'snapshot', now, ...viewBook(host, instrument, 1) });
    return { everyMs: BEST_EVERY_MS, againMs: BEST_AGAIN_AFTER_MS, make };
  }
  return {
    everyMs: KLINE_EVERY_MS,
    interval: BYBIT_INTERVALS[interval] ?? '1m',
    intervalName: interval,
    make: (now, _unit, candle) => klineFrame(instrument, interval, candle, now),
  };
}

/**
 * Sends an order's trades. The returned function gives, for a trade's index, the numbers of the connections that got
 * it, as JSON.
 */
function publishTrades(topic: Topic, trades: readonly TradeTexts[]): (index: number) => string {
  if (!topic.disturbed) {
    const everyone = topic.publish(() => tradeFrame(topic.symbol, trades));
    return () => everyone;
  }
  // A listener for which a fault skips trades gets a message without them.
  const reached = topic.listeners().flatMap((connection) => {
    const skipped = connection.interference?.takeSkips(topic, trades.length) ?? 0;
    if (skipped === trades.length) return [];
    const isSent = topic.publishTo(connection, tradeFrame(topic.symbol, trades.slice(skipped)));
    return isSent ? [{ number: connection.number, from: skipped }] : [];
  });
  return (index) => `[${reached.filter(({ from }) => index >= from).map(({ number }) => number)}]`;
}
