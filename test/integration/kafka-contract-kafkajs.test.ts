import { describe } from 'vitest';
import { describeKafkaClient } from '../contracts/kafka-contract.ts';

describe('the Kafka client kafkajs', () => {
  describeKafkaClient('kafkajs');
});
