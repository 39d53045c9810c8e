import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { freePort } from '../processes/free-port.ts';
import type { ProxyPlace } from './broker.ts';
import { type Broker, startBroker } from './kafka-broker.ts';
import { type SchemaRegistry, startRegistry } from './schema-registry.ts';

/** Number of test files that can have a proxy of the shared broker at the same time. */
const PROXIES = 8;

/** Allows everything that no ACL names. A test may deny something for its own topics. */
const WITH_ACLS = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'allow.everyone.if.no.acl.found': 'true',
};

/**
 * Vitest's global setup: one broker and one schema registry for all test files. Each starts when the first file asks.
 * Test files run in processes of their own and ask over HTTP (see `sharedBrokers` and `sharedRegistry`).
 */
export default async function setup(): Promise<() => Promise<void>> {
  let broker: Promise<Broker> | undefined;
  const proxies: string[] = [];
  while (proxies.length < PROXIES) proxies.push(`127.0.0.1:${await freePort()}`);
  let places = 0;
  let registry: Promise<SchemaRegistry> | undefined;
  const given = process.env.KAFKA_BROKERS?.split(',');

  async function brokers(): Promise<readonly string[]> {
    if (given !== undefined) return given;
    return (await startedBroker()).brokers;
  }

  function startedBroker(): Promise<Broker> {
    broker ??= startAndReport(proxies);
    return broker;
  }

  async function proxyPlace(): Promise<ProxyPlace> {
    const { proxied } = await startedBroker();
    const index = places++ % PROXIES;
    return { proxy: proxies[index] as string, listener: proxied[index] as string };
  }

  async function registryUrl(): Promise<string> {
    registry ??= startRegistry();
    return (await registry).url;
  }

  const answers = new Map<string | undefined, () => Promise<unknown>>([
    ['/broker', brokers],
    ['/registry', registryUrl],
    ['/proxy', proxyPlace],
  ]);
  const desk = createServer(async ({ url }, response) => {
    try {
      response.end(JSON.stringify(await answers.get(url)?.()));
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

async function startAndReport(proxies: readonly string[]): Promise<Broker> {
  const started = performance.now();
  const broker = await startBroker({ config: WITH_ACLS, proxies });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.info(`the tests' Kafka: by ${broker.way}, ${broker.brokers.join()}, ready in ${seconds} s`);
  return broker;
}
