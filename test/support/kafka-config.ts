import type { KafkaConfig } from '../../src/kafka/config.ts';

/** The configuration's defaults for a broker. */
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
