import type { FeedRecord, RecordKind } from '../domain/record.ts';

/** A topic: which records it carries, and how the broker keeps it. */
export interface TopicDefinition {
  readonly kind: RecordKind;
  readonly name: string;
  /** Schema file in schemas/, without `.avsc`. */
  readonly schema: string;
  readonly record: string;
  /** `configured`: as many as the configuration says. */
  readonly partitions: 'configured' | number;
  readonly cleanup: 'delete' | 'compact' | 'compact,delete';
  /** Milliseconds; -1: no limit. */
  readonly retentionMs: number;
}

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const MONTH_MS = 30 * DAY_MS;

const week = { partitions: 'configured', cleanup: 'delete', retentionMs: WEEK_MS } as const;
const month = { partitions: 1, cleanup: 'delete', retentionMs: MONTH_MS } as const;
const newestWeek = { partitions: 'configured', cleanup: 'compact,delete', retentionMs: WEEK_MS } as const;
const forEver = { partitions: 'configured', cleanup: 'compact', retentionMs: -1 } as const;

const DEFINITIONS = [
  { kind: 'trade', name: 'trades', schema: 'trade-event', record: 'TradeEvent', ...week },
  { kind: 'agg_trade', name: 'agg-trades', schema: 'agg-trade', record: 'AggTrade', ...week },
  { kind: 'price', name: 'prices', schema: 'price-tick', record: 'PriceTick', ...newestWeek },
  { kind: 'book_ticker', name: 'book-tickers', schema: 'book-ticker', record: 'BookTicker', ...week },
  { kind: 'kline', name: 'klines', schema: 'kline', record: 'Kline', ...week },
  { kind: 'order_book', name: 'order-books', schema: 'order-book-snapshot', record: 'OrderBookSnapshot', ...week },
  { kind: 'book_delta', name: 'book-deltas', schema: 'book-delta', record: 'BookDelta', ...week },
  { kind: 'trade_stats', name: 'trade-stats', schema: 'trade-stats', record: 'TradeStats', ...week },
  { kind: 'large_trade', name: 'large-trades', schema: 'large-trade', record: 'LargeTrade', ...week },
  { kind: 'status', name: 'feed-status', schema: 'feed-status', record: 'FeedStatus', ...month },
  { kind: 'gap', name: 'gaps', schema: 'gap', record: 'Gap', ...month },
  { kind: 'trade', name: 'late-trades', schema: 'trade-event', record: 'TradeEvent', ...week },
  { kind: 'audit', name: 'audits', schema: 'audit', record: 'Audit', ...week },
  { kind: 'instrument', name: 'instruments', schema: 'instrument', record: 'Instrument', ...forEver },
  { kind: 'position', name: 'positions', schema: 'position', record: 'Position', ...forEver },
  { kind: 'dead_letter', name: 'dead-letters', schema: 'dead-letter', record: 'DeadLetter', ...week },
] as const satisfies readonly TopicDefinition[];

type Definition = (typeof DEFINITIONS)[number];

/** The records of each topic, by its short name. */
export type TopicRecords = { readonly [D in Definition as D['name']]: Extract<FeedRecord, { kind: D['kind'] }> };

export const TOPICS: readonly (TopicDefinition & { readonly name: keyof TopicRecords })[] = DEFINITIONS;

/** The topics with the schema of each kind: the first topic of a kind. `late-trades` has the records of `trades`. */
export const SCHEMA_TOPICS = TOPICS.filter(({ kind }, index) => TOPICS.findIndex((one) => one.kind === kind) === index);

const byKind = new Map(SCHEMA_TOPICS.map((topic) => [topic.kind, topic]));

/** The topic in which the feed publishes records of a kind. */
export function topicOf(kind: RecordKind): TopicDefinition {
  const topic = byKind.get(kind);
  if (topic === undefined) throw new Error(`no topic for records of kind ${kind}`);
  return topic;
}
