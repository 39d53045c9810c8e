import { afterAll, beforeAll, describe } from 'vitest';
import { KAFKA_CLIENTS } from '../../testing/kafka/kafka-config.ts';
import { type KafkaProxy, startProxiedBroker, startSharedProxy } from '../../testing/kafka/kafka-proxy.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { describeKafkaClient } from '../contracts/kafka-contract.ts';

let proxied: KafkaProxy;
beforeAll(async () => {
  // At full length, the broker itself is killed.
  proxied = await (isLong ? startProxiedBroker() : startSharedProxy());
});
afterAll(() => proxied?.close());

describe.each(KAFKA_CLIENTS)('the Kafka client %s', (client) => describeKafkaClient(client, () => proxied));
