import { messageKeyOf, topicNameOf } from '../../src/codec/environment-topics.ts';
import type { FeedRecord, TradeEvent } from '../../src/domain/record.ts';
import type { OutRecord } from '../../src/sinks/contract.ts';

/** The records with their topics and keys, as a feed in mode failover writes them. */
export function outRecords(...records: readonly FeedRecord[]): readonly OutRecord[] {
  return records.map((record) => ({
    topic: topicNameOf(record, false),
    key: messageKeyOf(record, 'failover'),
    record,
  }));
}

/** Trades of healed gaps, with their topic and keys. */
export const lateRecords = (...trades: readonly TradeEvent[]): readonly OutRecord[] =>
  outRecords(...trades).map((record) => ({ ...record, topic: record.topic.replace(/trades$/, 'late-trades') }));
