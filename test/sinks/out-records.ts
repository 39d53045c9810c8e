import { messageKeyOf, topicNameOf } from '../../src/codec/environment-topics.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import type { OutRecord } from '../../src/sinks/contract.ts';

/** The records with their topics and keys, as a feed in mode failover writes them. */
export function outRecords(...records: readonly FeedRecord[]): readonly OutRecord[] {
  return records.map((record) => ({
    topic: topicNameOf(record, false),
    key: messageKeyOf(record, 'failover'),
    record,
  }));
}
