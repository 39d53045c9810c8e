import type { KafkaConfig } from '../../src/kafka/config.ts';

/** The Kafka clients that the sink can use. */
export const KAFKA_CLIENTS = ['kafkajs', 'platformatic'] as const satisfies readonly KafkaConfig['client'][];

/** Makes the Kafka section of a configuration for these brokers, with its defaults. */
export function kafkaConfig(brokers: readonly string[], over: Partial<KafkaConfig> = {}): KafkaConfig {
  return {
    brokers,
    client: 'kafkajs',
    clientId: 'market-feed-test',
    topicPrefix: 'market.',
    partitions: 6,
    replication: -1,
    compression: 'none',
    ssl: null,
    sasl: null,
    schemaRegistry: null,
    ...over,
  };
}
