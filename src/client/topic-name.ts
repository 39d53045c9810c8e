import { TOPICS, type TopicRecords } from '../codec/topics.ts';
import type { FeedRecord } from '../domain/record.ts';

export type TopicName = keyof TopicRecords;

const KINDS: ReadonlyMap<TopicName, FeedRecord['kind']> = new Map(TOPICS.map(({ name, kind }) => [name, kind]));

export const TOPIC_NAMES: readonly TopicName[] = [...KINDS.keys()];

/**
 * A type guard for the records of a topic; with a symbol, for that symbol's records only. `P`: fields that the reader of
 * the topic adds to each record.
 */
export function recordsOf<N extends TopicName, P = unknown>(
  name: N,
  symbol: string | undefined,
): (record: FeedRecord) => record is TopicRecords[N] & FeedRecord & P {
  const kind = KINDS.get(name);
  return (record): record is TopicRecords[N] & FeedRecord & P =>
    record.kind === kind && (symbol === undefined || ('symbol' in record && record.symbol === symbol));
}

/** The canonical symbol of a coin (`BTC`) or symbol (`btcusdt`). */
export function symbolNamed(text: string, quote: string): string {
  const name = text.toUpperCase();
  return name.length > quote.length && name.endsWith(quote) ? name : name + quote;
}
