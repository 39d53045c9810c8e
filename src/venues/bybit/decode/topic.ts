import type { BookWish, Channel, Instrument, KlineInterval } from '../../../domain/instrument.ts';

/** Bybit's names of the intervals it has. */
const INTERVALS: Partial<Readonly<Record<KlineInterval, string>>> = {
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

/** Topic without symbol, by channel. The spot tickers have no best prices: those come from the one-level book. */
const TOPICS: ReadonlyMap<Channel, string> = new Map<Channel, string>([
  ['trade', 'publicTrade'],
  ['ticker', 'tickers'],
  ['mini_ticker', 'tickers'],
  ['book_ticker', 'orderbook.1'],
  ...(['depth5', 'depth10', 'depth20'] as const).map((channel) => [channel, 'orderbook.50'] as const),
  ...Object.entries(INTERVALS).map(([interval, name]) => [`kline_${interval}` as Channel, `kline.${name}`] as const),
]);

/** The depths at which a book comes whole and then as changes, shallowest first: 20, 100 and 200 ms apart. */
const BOOK_LEVELS = [50, 200, 1000] as const;
const BOOK_TOPICS: ReadonlyMap<string, BybitEvent> = new Map([
  ['1', 'book_ticker'],
  ...BOOK_LEVELS.map((levels) => [String(levels), 'depth'] as const),
]);

const INTERVAL_BY_NAME: ReadonlyMap<string, string> = new Map(
  Object.entries(INTERVALS).map(([interval, name]) => [name, interval]),
);

export type BybitEvent = 'trade' | 'ticker' | 'book_ticker' | 'kline' | 'depth';

export interface BybitTopic {
  readonly event: BybitEvent;
  readonly symbol: string;
  /** Of klines: Bybit's name (`60`) and the domain's (`1h`). */
  readonly venueInterval: string;
  readonly interval: string;
}

export function bybitTopics(instrument: Instrument, channel: Channel, books?: BookWish): readonly string[] {
  const topic = channel === 'depth' ? bookTopic(books?.levels ?? 0) : TOPICS.get(channel);
  return topic === undefined ? [] : [`${topic}.${instrument.venueSymbol}`];
}

/** The shallowest book that has the levels; the deepest where none has. */
function bookTopic(wanted: number): string {
  return `orderbook.${BOOK_LEVELS.find((levels) => levels >= wanted) ?? BOOK_LEVELS.at(-1)}`;
}

/** The meaning of a topic, `kline.60.BTCUSDT`; undefined for topics that no channel uses. */
export function parseTopic(topic: string): BybitTopic | undefined {
  const [name = '', ...rest] = topic.split('.');
  const symbol = rest.at(-1) ?? '';
  const parameter = rest.length === 2 ? (rest[0] ?? '') : '';
  const parsed = (event: BybitEvent, interval = ''): BybitTopic => ({
    event,
    symbol,
    venueInterval: parameter,
    interval,
  });
  if (symbol === '') return undefined;
  if (rest.length === 1)
    return name === 'publicTrade' ? parsed('trade') : name === 'tickers' ? parsed('ticker') : undefined;
  if (rest.length !== 2) return undefined;
  if (name === 'orderbook') {
    const event = BOOK_TOPICS.get(parameter);
    return event === undefined ? undefined : parsed(event);
  }
  const interval = INTERVAL_BY_NAME.get(parameter);
  return name === 'kline' && interval !== undefined ? parsed('kline', interval) : undefined;
}
