import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Broker, startBroker } from './kafka-broker.ts';
import { type SchemaRegistry, startRegistry } from './schema-registry.ts';

/**
 * Vitest's global setup: one broker and one schema registry for all test files. Each starts when the first file asks.
 * Test files run in processes of their own and ask over HTTP (see `sharedBrokers` and `sharedRegistry`).
 */
export default async function setup(): Promise<() => Promise<void>> {
  let broker: Promise<Broker> | undefined;
  let registry: Promise<SchemaRegistry> | undefined;
  const given = process.env.KAFKA_BROKERS?.split(',');

  async function brokers(): Promise<readonly string[]> {
    if (given !== undefined) return given;
    broker ??= startAndReport();
    return (await broker).brokers;
  }

  async function registryUrl(): Promise<string> {
    registry ??= startRegistry();
    return (await registry).url;
  }

  const desk = createServer(async ({ url }, response) => {
    try {
      response.end(JSON.stringify(url === '/registry' ? await registryUrl() : await brokers()));
    } catch (error) {
      response.writeHead(500).end(error instanceof Error ? error.message : String(error));
    }
  });
  desk.requestTimeout = 0;
  await new Promise<void>((resolve) => desk.listen(0, '127.0.0.1', resolve));
  process.env.MARKET_FEED_BROKER_DESK = `http://127.0.0.1:${(desk.address() as AddressInfo).port}`;

  return async () => {
    desk.closeAllConnections();
    desk.close();
    for (const started of [broker, registry])
      await started?.then(
        (each) => each.close(),
        () => undefined,
      );
  };
}

async function startAndReport(): Promise<Broker> {
  const started = performance.now();
  const broker = await startBroker();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.info(`the tests' Kafka: by ${broker.way}, ${broker.brokers.join()}, ready in ${seconds} s`);
  return broker;
}
