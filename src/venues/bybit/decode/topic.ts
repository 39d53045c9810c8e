import type { BookDepth, Channel, Instrument, KlineInterval } from '../../../domain/instrument.ts';

/** Bybit's names of candle intervals. */
export const INTERVAL_NAMES: Partial<Readonly<Record<KlineInterval, string>>> = {
  '1m': '1',
  '3m': '3',
  '5m': '5',
  '15m': '15',
  '30m': '30',
  '1h': '60',
  '2h': '120',
  '4h': '240',
  '6h': '360',
  '12h': '720',
  '1d': 'D',
  '1w': 'W',
  '1M': 'M',
};

/**
 * Topics without their symbol, by channel. Spot tickers lack best prices, so book tickers come from the one-level book.
 */
const TOPICS: ReadonlyMap<Channel, string> = new Map<Channel, string>([
  ['trade', 'publicTrade'],
  ['ticker', 'tickers'],
  ['mini_ticker', 'tickers'],
  ['book_ticker', 'orderbook.1'],
  ...(['depth5', 'depth10', 'depth20'] as const).map((channel) => [channel, 'orderbook.50'] as const),
  ...Object.entries(INTERVAL_NAMES).map(
    ([interval, name]) => [`kline_${interval}` as Channel, `kline.${name}`] as const,
  ),
]);

/**
 * Levels a side of the books of which Bybit sends changes, fewest levels first. Changes come every 20, 100 and 200 ms.
 */
const BOOK_LEVELS = [50, 200, 1000] as const;

export type BybitEvent = 'trade' | 'ticker' | 'book_ticker' | 'kline' | 'depth';

export interface BybitTopic {
  readonly kind: BybitEvent;
  readonly symbol: string;
  /** For klines, Bybit's name of the interval (`60`); `interval` is ours (`1h`). */
  readonly venueInterval: string;
  readonly interval: string;
}

export function bybitTopics(instrument: Instrument, channel: Channel, books?: BookDepth): readonly string[] {
  const topic = channel === 'depth' ? bookTopic(books?.levels ?? 0) : TOPICS.get(channel);
  return topic === undefined ? [] : [`${topic}.${instrument.venueSymbol}`];
}

/** Returns the topic of the shallowest book with enough levels, otherwise of the deepest book. */
function bookTopic(wanted: number): string {
  return `orderbook.${BOOK_LEVELS.find((levels) => levels >= wanted) ?? BOOK_LEVELS.at(-1)}`;
}

type Meaning = Omit<BybitTopic, 'symbol'>;

const meaning = (kind: BybitEvent, venueInterval = '', interval = ''): Meaning => ({ kind, venueInterval, interval });

/** The meaning of each topic, by its name without the symbol. */
const MEANINGS: ReadonlyMap<string, Meaning> = new Map([
  ['publicTrade', meaning('trade')],
  ['tickers', meaning('ticker')],
  ['orderbook.1', meaning('book_ticker')],
  ...BOOK_LEVELS.map((levels) => [`orderbook.${levels}`, meaning('depth')] as const),
  ...Object.entries(INTERVAL_NAMES).map(
    ([interval, name]) => [`kline.${name}`, meaning('kline', name, interval)] as const,
  ),
]);

/** Returns the meaning of a topic such as `kline.60.BTCUSDT`; undefined if no channel uses it. */
export function parseTopic(topic: string): BybitTopic | undefined {
  const at = topic.lastIndexOf('.');
  const found = MEANINGS.get(topic.slice(0, Math.max(0, at)));
  const symbol = topic.slice(at + 1);
  return found === undefined || symbol === '' ? undefined : { ...found, symbol };
}
