import { describe } from 'vitest';
import { describeKafkaClient } from '../contracts/kafka-contract.ts';

describe('the Kafka client platformatic', () => {
  describeKafkaClient('platformatic');
});
