import { TOPICS, type TopicRecords } from '../codec/topics.ts';
import type { FeedRecord } from '../domain/record.ts';

export type TopicName = keyof TopicRecords;

const KINDS: ReadonlyMap<TopicName, FeedRecord['kind']> = new Map(TOPICS.map(({ name, kind }) => [name, kind]));

export const TOPIC_NAMES: readonly TopicName[] = [...KINDS.keys()];

/** Tells the records of a topic from others; with a symbol, its own alone. */
export function recordsOf<N extends TopicName>(
  name: N,
  symbol: string | undefined,
): (record: FeedRecord) => record is TopicRecords[N] & FeedRecord {
  const kind = KINDS.get(name);
  return (record): record is TopicRecords[N] & FeedRecord =>
    record.kind === kind && (symbol === undefined || ('symbol' in record && record.symbol === symbol));
}

/** The canonical symbol of a coin, BTC, or of a symbol, BTCUSDT. */
export function symbolNamed(text: string, quote: string): string {
  const name = text.toUpperCase();
  return name.length > quote.length && name.endsWith(quote) ? name : name + quote;
}
