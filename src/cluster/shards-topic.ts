import { environmentPrefix } from '../codec/environment-topics.ts';
import type { Config } from '../config/config.ts';
import { Fault } from '../domain/fault.ts';
import type { KafkaLog } from '../kafka/config.ts';
import { firstContactFault } from '../kafka/kafka-error.ts';
import { createMissingTopics, readyTopics, withBrokers } from '../kafka/topics.ts';

/** The topic whose partitions the group shares. Nothing is ever written to it. */
export function shardsTopicOf({ kafka, environment, feed }: Pick<Config, 'kafka' | 'environment' | 'feed'>): string {
  return `${kafka.topicPrefix}${environmentPrefix(environment, feed.allowTestData)}shards`;
}

/**
 * Creates the topic if it is missing.
 * @throws Fault with retry `never` if it does not have the configured number of partitions
 */
export async function prepareShardsTopic(config: Config, log: KafkaLog): Promise<void> {
  const topic = shardsTopicOf(config);
  const { shards } = config.cluster;
  try {
    const found = await withBrokers(config.kafka, log, async (brokers) => {
      const { replication } = config.kafka;
      await createMissingTopics(brokers, [{ topic, partitions: shards, replication, settings: {} }]);
      return (await readyTopics(brokers, [topic]))[0]?.partitions.length ?? 0;
    });
    if (found === shards) return;
    const message = `cluster.shards is ${shards}, but ${topic} has ${found} partitions: stop all instances of the group before the number changes, and remove the topic`;
    throw new Fault('sink', message, { retry: { kind: 'never' }, field: 'cluster.shards' });
  } catch (error) {
    throw firstContactFault(error, config.kafka);
  }
}
