import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../processes/free-port.ts';
import { type GuardedProcess, startGuarded } from '../processes/guarded-process.ts';
import { fillOnce, java, maven, SHORT_LIVED, whyNoJavaOf, whyNoMaven } from '../tools/java.ts';
import { quickFolder } from '../tools/quick-folder.ts';
import { tools } from '../tools/tools.ts';
import { type Broker, type BrokerOptions, configOf } from './broker.ts';
import { addressesOf, brokerSettings, kafkaVersion, proxiedName } from './broker-settings.ts';
import { waitForBroker } from './wait-for-broker.ts';

const HOST = '127.0.0.1';
const run = promisify(execFile);
const jars = join(tools, 'kafka', kafkaVersion);
/** A formatted folder for a new broker. It is made once, because formatting starts a JVM. */
const formatted = join(tools, 'kafka', `${kafkaVersion}-formatted`);
/** The broker's classes as the JVM keeps them in memory: this archive halves the cost of a start. */
const classes = join(tools, 'kafka', `${kafkaVersion}-classes`);
const archive = join(classes, 'classes.jsa');
const classPath = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-cp', join(jars, '*')];

/** Why no broker can run from Maven Central's jars here; undefined if one can. */
export async function whyNoJava(): Promise<string | undefined> {
  return (await whyNoJavaOf(17)) ?? (existsSync(jars) ? undefined : whyNoMaven());
}

const asProperties = (settings: Readonly<Record<string, string>>): string =>
  Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');

/** Formats the folder `log` inside `folder` for a broker. The result does not depend on addresses. */
async function format(folder: string): Promise<void> {
  const addresses = { listeners: [], inside: `${HOST}:9092`, controller: `${HOST}:9093`, node: 1, config: {} };
  const propertiesFile = join(folder, 'server.properties');
  await writeFile(propertiesFile, asProperties(brokerSettings({ ...addresses, data: join(folder, 'log') })));
  await run(java, [
    ...['-Xmx64m', '-XX:+UseSerialGC', SHORT_LIVED, ...classPath],
    ...['kafka.tools.StorageTool', 'format', '-t', 'MkU3OEVBNTcwNTJENDM2Qk', '-c', propertiesFile],
  ]);
}

/** Makes a copied folder that of another broker: Kafka compares both ids with those that it knows. */
async function renumber(file: string, node: number): Promise<void> {
  const properties = await readFile(file, 'utf8');
  const folderId = Buffer.alloc(16, node).toString('base64url');
  await writeFile(
    file,
    properties.replace(/node\.id=.*/, `node.id=${node}`).replace(/directory\.id=.*/, `directory.id=${folderId}`),
  );
}

/** Runs a broker once. When its JVM ends, it writes the classes that it loaded to an archive. */
async function archiveClasses(folder: string): Promise<void> {
  const broker = await start({}, `-XX:ArchiveClassesAtExit=${join(folder, 'classes.jsa')}`);
  await broker.stop();
  await broker.close();
}

/** Downloads the jars, formats the folder and archives the classes, each once. */
export async function prepareJavaBroker(): Promise<void> {
  await fillOnce(jars, (fresh) =>
    maven(
      ...['-f', join(import.meta.dirname, 'pom.xml'), `-Dkafka.version=${kafkaVersion}`],
      ...['dependency:copy-dependencies', `-DoutputDirectory=${fresh}`, '-DincludeScope=runtime'],
    ),
  );
  await fillOnce(formatted, format);
  await fillOnce(classes, archiveClasses);
}

/** Starts a Kafka broker as a process of this machine, as a KRaft cluster of one node. */
export async function startJavaBroker(options: BrokerOptions): Promise<Broker> {
  await prepareJavaBroker();
  return start(options, `-XX:SharedArchiveFile=${archive}`);
}

/** The settings of a cluster of three brokers that works with any two of them. */
const THREE_BROKERS = {
  'default.replication.factor': '3',
  'min.insync.replicas': '2',
  'offsets.topic.replication.factor': '3',
  'transaction.state.log.replication.factor': '3',
  'transaction.state.log.min.isr': '2',
};

/** Starts a KRaft cluster of three nodes. The first one is the only controller, so a test must not stop it. */
export async function startThreeJavaBrokers(): Promise<readonly Broker[]> {
  await prepareJavaBroker();
  const controller = `${HOST}:${await freePort()}`;
  const starts = [1, 2, 3].map((node) =>
    start({ config: THREE_BROKERS, isForLong: true }, `-XX:SharedArchiveFile=${archive}`, { node, of: 3, controller }),
  );
  return Promise.all(starts);
}

/** The place of a broker in its cluster. */
interface Place {
  /** Number of this broker, from 1. */
  readonly node: number;
  /** Number of brokers in the cluster. */
  readonly of: number;
  /** Address of the controller, as host:port. */
  readonly controller: string;
}

async function start(options: BrokerOptions, sharing: string, place?: Place): Promise<Broker> {
  const directory = await mkdtemp(join(await quickFolder(), 'market-feed-kafka-'));
  const port = await freePort();
  const { node, of, controller } = place ?? { node: 1, of: 1, controller: `${HOST}:${await freePort()}` };
  const propertiesFile = join(directory, 'server.properties');
  const logFile = join(directory, 'broker.log');
  const further = await Promise.all(
    Object.entries(options.listeners ?? {}).map(async ([name, protocol]) => {
      const address = `${HOST}:${await freePort()}`;
      return { name: name.toUpperCase(), protocol, bound: address, advertised: address };
    }),
  );
  const proxied = await Promise.all(
    (options.proxies ?? []).map(async (advertised, index) => {
      const bound = `${HOST}:${await freePort()}`;
      return { name: proxiedName(index), protocol: 'PLAINTEXT', bound, advertised };
    }),
  );
  const address = `${HOST}:${port}`;
  const plain = { name: 'PLAINTEXT', protocol: 'PLAINTEXT', bound: address, advertised: address };
  const settings = brokerSettings({
    listeners: [plain, ...further, ...proxied],
    inside: `${HOST}:${await freePort()}`,
    ...{ controller, node },
    data: join(directory, 'log'),
    config: configOf(options, HOST),
  });
  await writeFile(propertiesFile, asProperties(settings));
  await cp(join(formatted, 'log'), join(directory, 'log'), { recursive: true });
  if (node > 1) await renumber(join(directory, 'log', 'meta.properties'), node);

  const compiler = options.isForLong === true ? [] : [SHORT_LIVED];
  let process: GuardedProcess | undefined;
  let isEnded = false;

  const logged = async () => (await readFile(logFile, 'utf8').catch(() => '')).slice(-2000);

  async function startProcess(): Promise<void> {
    if (process?.running) throw new Error('the broker is running');
    const jvm = ['-Xmx384m', '-XX:+UseSerialGC', sharing, ...compiler, ...classPath];
    const command = [java, ...jvm, 'kafka.Kafka', propertiesFile];
    const started = await startGuarded(command, logFile);
    process = started;
    isEnded = false;
    try {
      await waitForBroker(HOST, port, { alive: () => started.running, atLeast: of });
    } catch (cause) {
      const log = await logged();
      await end('SIGKILL');
      throw new Error(`the broker did not start:\n${log}`, { cause });
    }
  }

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    isEnded = true;
    await process?.end(signal);
  }

  async function close(): Promise<void> {
    const endedItself = process?.running === false && !isEnded;
    await end('SIGKILL');
    const log = endedItself ? await logged() : '';
    await rm(directory, { recursive: true, force: true });
    if (endedItself) throw new Error(`the broker ended by itself:\n${log}`);
  }

  try {
    await startProcess();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    way: 'java',
    brokers: [address],
    listeners: addressesOf(further),
    proxied: proxied.map(({ bound }) => bound),
    start: startProcess,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    close,
  };
}
