import type { Broker, BrokerOptions } from './broker.ts';
import { startDockerBroker, whyNoDocker } from './docker-broker.ts';
import { prepareJavaBroker, startJavaBroker, whyNoJava } from './java-broker.ts';

export type { Broker, BrokerOptions };

/**
 * Starts a real broker of the caller's own, which it may stop, kill and start again, and must close:
 * in a container where a Docker engine answers and has an image, else from Maven Central's jars.
 * Most tests only need topics of their own on a broker: they take `sharedBrokers()`.
 * @throws Error that names what is missing for each way.
 */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const way = await possibleWay(options.way);
  return way === 'docker' ? startDockerBroker(options) : startJavaBroker(options);
}

/**
 * Fetches what brokers are run with, once, so that tests which start at the same time need not.
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
 * The bootstrap addresses of the broker that all test files share: KAFKA_BROKERS where it is set,
 * else one that is started when the first test asks. Topics on it carry a prefix of the test's own.
 * It never goes down; tests that stop a broker take one of their own from `startBroker()`.
 */
export function sharedBrokers(): Promise<string[]> {
  return askDesk<string[]>('broker');
}

/** The base address of the schema registry that all test files share. Subjects on it carry a prefix of the test's own. */
export function sharedRegistry(): Promise<string> {
  return askDesk<string>('registry');
}

/** Of what vitest's global set-up starts: see shared-broker.ts. */
async function askDesk<T>(what: 'broker' | 'registry'): Promise<T> {
  const desk = process.env.MARKET_FEED_BROKER_DESK;
  if (desk === undefined) throw new Error('a shared broker or registry exists only under vitest');
  const answer = await fetch(`${desk}/${what}`);
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return JSON.parse(text) as T;
}
