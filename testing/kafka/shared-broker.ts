import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { freePort } from '../processes/free-port.ts';
import type { ProxyPlace } from './broker.ts';
import { type Broker, startBroker } from './kafka-broker.ts';
import { type SchemaRegistry, startRegistry } from './schema-registry.ts';

/** Number of test files that can have a proxy of the shared broker. */
const PROXIES = 8;

/** Allows everything that no ACL names. A test may deny something for its own topics. */
const WITH_ACLS = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'allow.everyone.if.no.acl.found': 'true',
};

/**
 * No test stops this broker, so it keeps Kafka's own limit. Other test brokers have 2 s. On a busy machine, heartbeats can be
 * later than that. The controller then fences the broker, and transactions can wait for more than ten seconds.
 */
const PATIENT = { 'broker.session.timeout.ms': '9000' };

/**
 * Vitest's global setup: one broker and one schema registry for all test files. Each starts when the first file asks.
 * Test files run in processes of their own and ask over HTTP (see `sharedBrokers` and `sharedRegistry`).
 */
export default async function setup(): Promise<() => Promise<void>> {
  let broker: Promise<Broker> | undefined;
  const ports = await Promise.all(Array.from({ length: PROXIES }, heldPort));
  const proxies = ports.map(({ port }) => `127.0.0.1:${port}`);
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
    if (places === PROXIES) throw new Error(`more than ${PROXIES} test files ask for a proxy of the shared broker`);
    const index = places++;
    await ports[index]?.release();
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
      const answer = answers.get(url);
      if (answer === undefined) throw new Error(`${url} is unknown here`);
      response.end(JSON.stringify(await answer()));
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
    await Promise.all(ports.map(({ release }) => release()));
    for (const started of [broker, registry])
      await started?.then(
        (each) => each.close(),
        () => undefined,
      );
  };
}

async function startAndReport(proxies: readonly string[]): Promise<Broker> {
  const started = performance.now();
  const broker = await startBroker({ config: { ...WITH_ACLS, ...PATIENT }, proxies });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.info(`the tests' Kafka: by ${broker.way}, ${broker.brokers.join()}, ready in ${seconds} s`);
  return broker;
}

/** A free port that no other process can take until `release`. */
async function heldPort() {
  const server = createTcpServer();
  server.listen(await freePort(), '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, release: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}
