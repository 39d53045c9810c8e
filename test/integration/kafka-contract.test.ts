import { afterAll, beforeAll, describe } from 'vitest';
import { KAFKA_CLIENTS } from '../../testing/kafka/kafka-config.ts';
import { type KafkaProxy, startSharedProxy } from '../../testing/kafka/kafka-proxy.ts';
import { describeKafkaClient } from '../contracts/kafka-contract.ts';

let proxied: KafkaProxy;
beforeAll(async () => {
  proxied = await startSharedProxy();
});
afterAll(() => proxied?.close());

describe.each(KAFKA_CLIENTS)('the Kafka client %s', (client) => describeKafkaClient(client, () => proxied));
