/** The programs that `make bench` compares, and how each is configured and started. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import coins from '../config/coins.json' with { type: 'json' };
import { codecOf } from '../src/codec/avro.ts';
import { ccxt } from './peers/ccxt.ts';
import { cryptofeed } from './peers/cryptofeed.ts';
import { go } from './peers/go.ts';
import type { Market, Peer, Work } from './peers/peer.ts';
import { tardis } from './peers/tardis.ts';
import { type Subject, startSubject } from './subject.ts';

/** What a program connects to, and the prefix and folder for what it writes. */
export interface ProgramSetup {
  readonly address: { readonly webSocket: string; readonly rest: string };
  readonly broker: string;
  /** Prefix of the program's topics and files. */
  readonly prefix: string;
  readonly folder: string;
  /** The checkout of this project that runs; by default this one. */
  readonly checkout?: string;
  /** All markets of the venue; by default the 20 of config/coins.json. */
  readonly markets?: readonly Market[];
}

export const PARTITIONS = 4;
/** Broker settings with short logs: the consumer reads each record only once. */
export const SMALL_LOGS = {
  'log.segment.bytes': '33554432',
  'log.retention.bytes': '33554432',
  'log.retention.check.interval.ms': '5000',
  'log.segment.delete.delay.ms': '1000',
};
const repository = join(import.meta.dirname, '..');
/** The schema of Avro records. */
export const schemaFile = join(repository, 'schemas', 'trade-event.avsc');
const coinsFile = join(repository, 'config', 'coins.json');
const usualMarkets: readonly Market[] = coins.flatMap(({ coin, symbols: { binance } }) =>
  binance === null ? [] : [{ coin, symbol: binance }],
);

export const topicOf = ({ prefix }: ProgramSetup): string => `${prefix}trades`;
const cliOf = ({ checkout = repository }: ProgramSetup): string => join(checkout, 'bin', 'market-feed.js');
const configOf = ({ folder, prefix }: ProgramSetup): string => join(folder, `${prefix}yaml`);
const logOf = ({ folder, prefix }: ProgramSetup): string => join(folder, `${prefix}log`);

/** The entries of the program's log, parsed as JSON. */
export async function loggedBy(setup: ProgramSetup): Promise<readonly Record<string, unknown>[]> {
  const text = await readFile(logOf(setup), 'utf8');
  return text
    .split('\n')
    .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : []));
}

/** The program that the others are compared with. */
export const SCRIPT = 'script';

/** How one of our pipelines is configured. */
interface Ours {
  readonly client: 'kafkajs' | 'platformatic';
  readonly lines: 1 | 2;
}

const OURS: Readonly<Record<string, Ours>> = {
  'kafkajs-1': { client: 'kafkajs', lines: 1 },
  'kafkajs-2': { client: 'kafkajs', lines: 2 },
  'platformatic-1': { client: 'platformatic', lines: 1 },
  'platformatic-2': { client: 'platformatic', lines: 2 },
};

export const CRYPTOFEED = 'cryptofeed';

const PEERS: Readonly<Record<string, Peer>> = { go, tardis, ccxt, [CRYPTOFEED]: cryptofeed };

/** Names of the programs that are compared. */
export const PROGRAMS: readonly string[] = [SCRIPT, ...Object.keys(OURS), ...Object.keys(PEERS)];

/** True for the programs of others. The bench leaves out each of their runs that fails. */
export function isPeer(name: string): boolean {
  return Object.hasOwn(PEERS, name);
}

/** Why a program cannot run on this machine; undefined if it can. Installs or builds a peer at its first use. */
export async function whyUnavailable(name: string): Promise<string | undefined> {
  try {
    await PEERS[name]?.install();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The consumer's argument for the format of the program's records: a schema file, `json` or `json-seconds`. */
export function formatOf(name: string): string {
  const { format } = PEERS[name] ?? { format: 'avro' };
  return format === 'avro' ? schemaFile : format;
}

/** First rate of the program's ramp, trades a second. */
export function firstStepOf(name: string): number {
  return PEERS[name]?.firstStep ?? 20_000;
}

/** True for our own pipelines. Only these can be profiled. */
export function isOurs(name: string): boolean {
  return Object.hasOwn(OURS, name);
}

/** Number of connections over which the program receives the trades. */
export function linesOf(name: string): number {
  return OURS[name]?.lines ?? 1;
}

/** Flags and environment variables that let a profiler into one of our pipelines. */
export interface Watch {
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export async function startProgram(name: string, setup: ProgramSetup, watch?: Watch): Promise<Subject> {
  const peer = PEERS[name];
  if (peer !== undefined) return peer.start(workOf(setup));
  if (isOurs(name)) {
    const args = [...nodeArguments(), ...(watch?.flags ?? []), cliOf(setup), 'run', '--config', configOf(setup)];
    return startSubject(args, logOf(setup), { environment: watch?.environment ?? {} });
  }
  return startScript(workOf(setup));
}

function workOf(setup: ProgramSetup): Work {
  const { address, broker, markets = usualMarkets } = setup;
  const header = Buffer.from([0xc3, 0x01, ...codecOf('trade').fingerprint]).toString('hex');
  return { ...address, markets, broker, topic: topicOf(setup), schemaFile, header, logFile: logOf(setup) };
}

function startScript({ webSocket, broker, topic, header, markets, logFile }: Work): Subject {
  const script = join(import.meta.dirname, 'baseline', 'script.ts');
  const work = [webSocket, broker, topic, schemaFile, header, ...markets.map(({ symbol }) => symbol)];
  return startSubject([script, ...work], logFile);
}

/** Options for Node from BENCH_NODE_ARGS, for example '--cpu-prof --cpu-prof-dir=DIR' for profiles. */
function nodeArguments(): readonly string[] {
  return (process.env.BENCH_NODE_ARGS ?? '').split(' ').filter((argument) => argument !== '');
}

/**
 * Writes the configuration and creates the topics. Our own command creates them for every program, so that all are
 * equal.
 */
export async function prepareProgram(name: string, setup: ProgramSetup): Promise<void> {
  await writeFile(configOf(setup), configuration(setup, OURS[name]));
  const { ended } = startSubject([cliOf(setup), 'topics', 'create', '--config', configOf(setup)], logOf(setup));
  const code = await ended;
  if (code !== 0) throw new Error(`the topics could not be made: exit code ${code}`);
}

/** One venue and only trades. Everything else has its default. */
function configuration(
  { address, broker, prefix, markets }: ProgramSetup,
  { client, lines }: Ours = { client: 'kafkajs', lines: 1 },
): string {
  return JSON.stringify({
    coins: markets === undefined ? coinsFile : { all: true },
    environment: 'simulated',
    feed: { venues: ['binance'], channels: ['trade'], allow_test_data: true },
    venues: { binance: { websocket_urls: [address.webSocket], rest_urls: [address.rest], lines } },
    sinks: ['kafka'],
    kafka: { client, brokers: [broker], topic_prefix: prefix, partitions: PARTITIONS },
    gateway: { enabled: false },
  });
}
