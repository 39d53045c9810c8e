import type { KafkaConfig, KafkaLog } from '../config.ts';
import { withBrokers } from '../topics.ts';
import { settledStartOf } from './fetch-topic.ts';
import { PartitionedTopic } from './partitioned-topic.ts';

/** The offsets of a partition's committed records. */
export interface OffsetRange {
  /** The offset of the oldest record. */
  readonly begin: bigint;
  /** The offset of the next record that will be written. */
  readonly end: bigint;
}

/** Returns the offsets that a topic (full name) has, by partition. Rejects with a Fault. */
export function offsetRanges(
  config: KafkaConfig,
  name: string,
  log: KafkaLog,
): Promise<ReadonlyMap<number, OffsetRange>> {
  return withBrokers(config, log, async (brokers) => {
    const topic = new PartitionedTopic(brokers, name);
    const whole = await settledStartOf(topic, { from: 'beginning', follow: false });
    return new Map([...whole].map(([partition, { next, end = next }]) => [partition, { begin: next, end }]));
  });
}
