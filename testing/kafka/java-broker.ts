import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../processes/free-port.ts';
import { type GuardedProcess, startGuarded } from '../processes/guarded-process.ts';
import { fillOnce, java, maven, SHORT_LIVED, whyNoJavaOf, whyNoMaven } from '../tools/java.ts';
import { tools } from '../tools/tools.ts';
import { type Broker, type BrokerOptions, configOf } from './broker.ts';
import { addressesOf, brokerSettings, kafkaVersion } from './broker-settings.ts';
import { waitForBroker } from './wait-for-broker.ts';

const HOST = '127.0.0.1';
const run = promisify(execFile);
const jars = join(tools, 'kafka', kafkaVersion);
/** A formatted folder for a new broker. It is made once, because formatting starts a JVM. */
const formatted = join(tools, 'kafka', `${kafkaVersion}-formatted`);
const classPath = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-cp', join(jars, '*')];

/** Why no broker can run from Maven Central's jars here; undefined if one can. */
export async function whyNoJava(): Promise<string | undefined> {
  return (await whyNoJavaOf(17)) ?? (existsSync(jars) ? undefined : whyNoMaven());
}

const asProperties = (settings: Readonly<Record<string, string>>): string =>
  Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');

/** Formats `log` in the folder. The result does not depend on addresses. */
async function format(folder: string): Promise<void> {
  const addresses = { listeners: [], inside: `${HOST}:9092`, controller: `${HOST}:9093`, config: {} };
  const propertiesFile = join(folder, 'server.properties');
  await writeFile(propertiesFile, asProperties(brokerSettings({ ...addresses, data: join(folder, 'log') })));
  await run(java, [
    ...['-Xmx64m', '-XX:+UseSerialGC', SHORT_LIVED, ...classPath],
    ...['kafka.tools.StorageTool', 'format', '-t', 'MkU3OEVBNTcwNTJENDM2Qk', '-c', propertiesFile],
  ]);
}

/** Downloads the jars and formats the folder, each once. */
export async function prepareJavaBroker(): Promise<void> {
  await fillOnce(jars, (fresh) =>
    maven(
      ...['-f', join(import.meta.dirname, 'pom.xml'), `-Dkafka.version=${kafkaVersion}`],
      ...['dependency:copy-dependencies', `-DoutputDirectory=${fresh}`, '-DincludeScope=runtime'],
    ),
  );
  await fillOnce(formatted, format);
}

/** A KRaft broker of one node as a process of this machine. */
export async function startJavaBroker(options: BrokerOptions): Promise<Broker> {
  await prepareJavaBroker();
  const directory = await mkdtemp(join(tmpdir(), 'market-feed-kafka-'));
  const port = await freePort();
  const controllerPort = await freePort();
  const propertiesFile = join(directory, 'server.properties');
  const logFile = join(directory, 'broker.log');
  const further = await Promise.all(
    Object.entries(options.listeners ?? {}).map(async ([name, protocol]) => {
      const address = `${HOST}:${await freePort()}`;
      return { name: name.toUpperCase(), protocol, bound: address, advertised: address };
    }),
  );
  const address = `${HOST}:${port}`;
  const advertised = options.advertised ?? address;
  const plain = { name: 'PLAINTEXT', protocol: 'PLAINTEXT', bound: address, advertised };
  const settings = brokerSettings({
    listeners: [plain, ...further],
    inside: `${HOST}:${await freePort()}`,
    controller: `${HOST}:${controllerPort}`,
    data: join(directory, 'log'),
    config: configOf(options, HOST),
  });
  await writeFile(propertiesFile, asProperties(settings));
  await cp(join(formatted, 'log'), join(directory, 'log'), { recursive: true });

  const compiler = options.isForLong === true ? [] : [SHORT_LIVED];
  let process: GuardedProcess | undefined;

  async function start(): Promise<void> {
    if (process?.running) throw new Error('the broker is running');
    const command = [java, '-Xmx256m', '-XX:+UseSerialGC', ...compiler, ...classPath, 'kafka.Kafka', propertiesFile];
    const started = await startGuarded(command, logFile);
    process = started;
    try {
      await waitForBroker(HOST, port, { alive: () => started.running });
    } catch (cause) {
      const log = await readFile(logFile, 'utf8').catch(() => '');
      await started.end('SIGKILL');
      throw new Error(`the broker did not start:\n${log.slice(-2000)}`, { cause });
    }
  }

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await process?.end(signal);
  }

  async function close(): Promise<void> {
    await end('SIGKILL');
    await rm(directory, { recursive: true, force: true });
  }

  try {
    await start();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    way: 'java',
    brokers: [address],
    listeners: addressesOf(further),
    start,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    close,
  };
}
