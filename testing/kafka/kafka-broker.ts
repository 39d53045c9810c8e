import type { Broker, BrokerOptions, ProxyPlace } from './broker.ts';
import { startDockerBroker, whyNoDocker } from './docker-broker.ts';
import { prepareJavaBroker, startJavaBroker, startThreeJavaBrokers, whyNoJava } from './java-broker.ts';

export type { Broker, BrokerOptions };

/**
 * Starts a broker for one caller, which may stop, kill and start it again, and must close it. It runs in a container if
 * a Docker engine answers and has an image, else from Maven Central's jars. Most tests only need topics of their own,
 * so they use `sharedBrokers()`.
 * @throws Error that names what is missing for each way.
 */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const way = await possibleWay(options.way);
  return way === 'docker' ? startDockerBroker(options) : startJavaBroker(options);
}

/**
 * Starts a cluster of three brokers for one caller, from Maven Central's jars. It works with any two of them, but the
 * first must not be stopped. The caller must close all.
 * @throws Error that names what is missing.
 */
export async function startThreeBrokers(): Promise<readonly Broker[]> {
  await possibleWay('java');
  return startThreeJavaBrokers();
}

/**
 * Downloads everything that brokers need, once, before tests start in parallel.
 * @throws Error that names what is missing for each way.
 */
export async function prepareBroker(): Promise<void> {
  if ((await possibleWay()) === 'java') await prepareJavaBroker();
}

async function possibleWay(way = wayFromEnvironment()): Promise<'docker' | 'java'> {
  const noDocker = way === 'java' ? 'not asked for' : await whyNoDocker();
  if (noDocker === undefined) return 'docker';
  const noJava = way === 'docker' ? 'not asked for' : await whyNoJava();
  if (noJava === undefined) return 'java';
  throw new Error(`no Kafka for this test. Docker: ${noDocker}. Java: ${noJava}.`);
}

function wayFromEnvironment(): 'docker' | 'java' | undefined {
  const way = process.env.KAFKA_WAY;
  if (way === undefined || way === 'docker' || way === 'java') return way;
  throw new Error(`KAFKA_WAY is '${way}': docker or java`);
}

/**
 * The bootstrap addresses of the broker that all test files share: KAFKA_BROKERS if it is set, else a broker that
 * starts when the first test asks. The names of topics must have a prefix of the test. The broker never stops, so a
 * test that stops a broker uses its own, from `startBroker()`.
 */
export function sharedBrokers(): Promise<string[]> {
  return askGlobalSetup<string[]>('broker');
}

/**
 * The base address of the schema registry that all test files share. The names of subjects must have a prefix of the
 * test.
 */
export function sharedRegistry(): Promise<string> {
  return askGlobalSetup<string>('registry');
}

/**
 * A place for a proxy of the shared broker, which has ACLs. It is never KAFKA_BROKERS: the broker must advertise the
 * proxy.
 */
export function sharedProxyPlace(): Promise<ProxyPlace> {
  return askGlobalSetup<ProxyPlace>('proxy');
}

/** Asks vitest's global setup (shared-broker.ts) for the address of a shared service. */
async function askGlobalSetup<T>(what: 'broker' | 'registry' | 'proxy'): Promise<T> {
  const desk = process.env.MARKET_FEED_BROKER_DESK;
  if (desk === undefined) throw new Error('a shared broker or registry exists only under vitest');
  const answer = await fetch(`${desk}/${what}`);
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return JSON.parse(text) as T;
}
