import type {
  AggTrade,
  BookDelta,
  BookTicker,
  DeadLetter,
  FeedRecord,
  FeedStatus,
  Gap,
  Kline,
  LargeTrade,
  OrderBookSnapshot,
  Position,
  PriceTick,
  TradeEvent,
  TradeStats,
} from '../domain/record.ts';

/** What each topic carries, by its short name. */
export interface TopicRecords {
  readonly trades: TradeEvent;
  readonly 'agg-trades': AggTrade;
  readonly prices: PriceTick;
  readonly 'book-tickers': BookTicker;
  readonly klines: Kline;
  readonly 'order-books': OrderBookSnapshot;
  readonly 'book-deltas': BookDelta;
  readonly 'trade-stats': TradeStats;
  readonly 'large-trades': LargeTrade;
  readonly 'feed-status': FeedStatus;
  readonly gaps: Gap;
  readonly positions: Position;
  readonly 'dead-letters': DeadLetter;
}

export type TopicName = keyof TopicRecords;

const KINDS: { readonly [N in TopicName]: TopicRecords[N]['kind'] } = {
  trades: 'trade',
  'agg-trades': 'agg_trade',
  prices: 'price',
  'book-tickers': 'book_ticker',
  klines: 'kline',
  'order-books': 'order_book',
  'book-deltas': 'book_delta',
  'trade-stats': 'trade_stats',
  'large-trades': 'large_trade',
  'feed-status': 'status',
  gaps: 'gap',
  positions: 'position',
  'dead-letters': 'dead_letter',
};

export const TOPIC_NAMES = Object.keys(KINDS) as readonly TopicName[];

/** Tells the records of a topic from others; with a symbol, its own alone. */
export function recordsOf<N extends TopicName>(
  name: N,
  symbol: string | undefined,
): (record: FeedRecord) => record is TopicRecords[N] & FeedRecord {
  const kind: FeedRecord['kind'] = KINDS[name];
  return (record): record is TopicRecords[N] & FeedRecord =>
    record.kind === kind && (symbol === undefined || ('symbol' in record && record.symbol === symbol));
}

/** The canonical symbol of a coin, BTC, or of a symbol, BTCUSDT. */
export function symbolNamed(text: string, quote: string): string {
  const name = text.toUpperCase();
  return name.length > quote.length && name.endsWith(quote) ? name : name + quote;
}
