import type { KafkaConfig, KafkaLog } from '../config.ts';
import { withBrokers } from '../topics.ts';
import { settledStartOf } from './fetch-topic.ts';
import { PartitionedTopic } from './partitioned-topic.ts';

/** Returns the end of the committed records of a topic (full name), as an offset by partition. Rejects with a Fault. */
export function endOffsets(config: KafkaConfig, name: string, log: KafkaLog): Promise<ReadonlyMap<number, bigint>> {
  return withBrokers(config, log, async (brokers) => {
    const topic = new PartitionedTopic(brokers, name);
    const ends = await settledStartOf(topic, { from: 'end', follow: false });
    return new Map([...ends].map(([partition, { next }]) => [partition, next]));
  });
}
