import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Broker, startBroker } from './kafka-broker.ts';

/**
 * Vitest's global set-up: one broker for all test files, started when the first of them asks for it.
 * Test files run in processes of their own and ask over HTTP (see `sharedBrokers` in kafka-broker.ts).
 */
export default async function setup(): Promise<() => Promise<void>> {
  let broker: Promise<Broker> | undefined;
  const given = process.env.KAFKA_BROKERS?.split(',');

  const desk = createServer(async (_request, response) => {
    try {
      broker ??= given ? undefined : startAndTell();
      response.end(JSON.stringify(given ?? (await broker)?.brokers));
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
    await broker?.then(
      (started) => started.close(),
      () => undefined,
    );
  };
}

async function startAndTell(): Promise<Broker> {
  const started = performance.now();
  const broker = await startBroker();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.info(`the tests' Kafka: by ${broker.way}, ${broker.brokers.join()}, ready in ${seconds} s`);
  return broker;
}
