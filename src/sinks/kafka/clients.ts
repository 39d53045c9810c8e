import type { KafkaConfig } from '../../kafka/config.ts';
import type { BatchProducer } from './batch-producer.ts';
import { KafkajsProducer, type ProducerOptions } from './producer.ts';

/** Client libraries by their names in the configuration. */
export const PRODUCERS: Readonly<Record<KafkaConfig['client'], (options: ProducerOptions) => BatchProducer>> = {
  kafkajs: (options) => new KafkajsProducer(options),
};
