import { describe } from 'vitest';
import { KAFKA_CLIENTS } from '../../testing/kafka/kafka-config.ts';
import { describeKafkaClient } from '../contracts/kafka-contract.ts';

describe.each(KAFKA_CLIENTS)('the Kafka client %s', describeKafkaClient);
