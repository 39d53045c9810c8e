import type { RecordKind } from '../domain/record.ts';

/** One topic of the feed: which records it carries, and how the broker keeps it. */
export interface TopicDefinition {
  readonly kind: RecordKind;
  /** Short name, without prefix: `trades`. */
  readonly name: string;
  /** Schema file in schemas/, without ending. */
  readonly schema: string;
  /** Name of the record in its schema. */
  readonly record: string;
  /** `configured`: the configuration's number of partitions; otherwise this many. */
  readonly partitions: 'configured' | number;
  readonly cleanup: 'delete' | 'compact' | 'compact,delete';
  /** Milliseconds; -1 keeps for ever. */
  readonly retentionMs: number;
}

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const MONTH_MS = 30 * DAY_MS;

/** Every topic, one line each (names and retention: the contract's table of topics). */
export const TOPICS: readonly TopicDefinition[] = [
  {
    kind: 'trade',
    name: 'trades',
    schema: 'trade-event',
    record: 'TradeEvent',
    partitions: 'configured',
    cleanup: 'delete',
    retentionMs: WEEK_MS,
  },
  {
    kind: 'agg_trade',
    name: 'agg-trades',
    schema: 'agg-trade',
    record: 'AggTrade',
    partitions: 'configured',
    cleanup: 'delete',
    retentionMs: WEEK_MS,
  },
  {
    kind: 'price',
    name: 'prices',
    schema: 'price-tick',
    record: 'PriceTick',
    partitions: 'configured',
    cleanup: 'compact,delete',
    retentionMs: WEEK_MS,
  },
  {
    kind: 'book_ticker',
    name: 'book-tickers',
    schema: 'book-ticker',
    record: 'BookTicker',
    partitions: 'configured',
    cleanup: 'delete',
    retentionMs: WEEK_MS,
  },
  {
    kind: 'kline',
    name: 'klines',
    schema: 'kline',
    record: 'Kline',
    partitions: 'configured',
    cleanup: 'delete',
    retentionMs: WEEK_MS,
  },
  {
    kind: 'order_book',
    name: 'order-books',
    schema: 'order-book-snapshot',
    record: 'OrderBookSnapshot',
    partitions: 'configured',
    cleanup: 'delete',
    retentionMs: WEEK_MS,
  },
  {
    kind: 'book_delta',
    name: 'book-deltas',
    schema: 'book-delta',
    record: 'BookDelta',
    partitions: 'configured',
    cleanup: 'delete',
    retentionMs: WEEK_MS,
  },
  {
    kind: 'trade_stats',
    name: 'trade-stats',
    schema: 'trade-stats',
    record: 'TradeStats',
    partitions: 'configured',
    cleanup: 'delete',
    retentionMs: WEEK_MS,
  },
  {
    kind: 'large_trade',
    name: 'large-trades',
    schema: 'large-trade',
    record: 'LargeTrade',
    partitions: 'configured',
    cleanup: 'delete',
    retentionMs: WEEK_MS,
  },
  {
    kind: 'status',
    name: 'feed-status',
    schema: 'feed-status',
    record: 'FeedStatus',
    partitions: 1,
    cleanup: 'delete',
    retentionMs: MONTH_MS,
  },
  { kind: 'gap', name: 'gaps', schema: 'gap', record: 'Gap', partitions: 1, cleanup: 'delete', retentionMs: MONTH_MS },
  {
    kind: 'position',
    name: 'positions',
    schema: 'position',
    record: 'Position',
    partitions: 'configured',
    cleanup: 'compact',
    retentionMs: -1,
  },
  {
    kind: 'dead_letter',
    name: 'dead-letters',
    schema: 'dead-letter',
    record: 'DeadLetter',
    partitions: 'configured',
    cleanup: 'delete',
    retentionMs: WEEK_MS,
  },
];

const byKind = new Map(TOPICS.map((topic) => [topic.kind, topic]));

/** The topic that carries records of a kind. */
export function topicOf(kind: RecordKind): TopicDefinition {
  const topic = byKind.get(kind);
  if (topic === undefined) throw new Error(`no topic for records of kind ${kind}`);
  return topic;
}
