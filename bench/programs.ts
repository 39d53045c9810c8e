import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import coins from '../config/coins.json' with { type: 'json' };
import { codecOf } from '../src/codec/avro.ts';
import { type Subject, startSubject } from './subject.ts';

/** Where a program finds its work, and what is its alone in a run. */
export interface Place {
  readonly address: { readonly webSocket: string; readonly rest: string };
  readonly broker: string;
  /** Of its topics and files. */
  readonly prefix: string;
  readonly folder: string;
}

export const PARTITIONS = 4;
const repository = join(import.meta.dirname, '..');
const cli = join(repository, 'src', 'cli', 'main.ts');
/** What every program writes. */
export const schemaFile = join(repository, 'schemas', 'trade-event.avsc');
const symbols = coins.map(({ symbols: { binance } }) => binance).filter((symbol) => symbol !== null);

export const topicOf = ({ prefix }: Place): string => `${prefix}trades`;
const configOf = ({ folder, prefix }: Place): string => join(folder, `${prefix}yaml`);
const logOf = ({ folder, prefix }: Place): string => join(folder, `${prefix}log`);

/** What is measured against each other, one line a program. */
export const PROGRAMS: Readonly<Record<string, (place: Place) => Subject>> = {
  script: (place) => {
    const header = Buffer.from([0xc3, 0x01, ...codecOf('trade').fingerprint]).toString('hex');
    const script = join(import.meta.dirname, 'baseline', 'script.ts');
    const work = [place.address.webSocket, place.broker, topicOf(place), schemaFile, header, ...symbols];
    return startSubject([script, ...work], logOf(place));
  },
  ours: (place) => startSubject([...nodeArguments(), cli, 'run', '--config', configOf(place)], logOf(place)),
};

/** For profiles: BENCH_NODE_ARGS='--cpu-prof --cpu-prof-dir=DIR'. */
function nodeArguments(): readonly string[] {
  return (process.env.BENCH_NODE_ARGS ?? '').split(' ').filter((argument) => argument !== '');
}

/** Makes the configuration and the topics, by our own command for every program: so all have the same. */
export async function prepare(place: Place): Promise<void> {
  await writeFile(configOf(place), configuration(place));
  const { ended } = startSubject([cli, 'topics', 'create', '--config', configOf(place)], logOf(place));
  const code = await ended;
  if (code !== 0) throw new Error(`the topics could not be made: exit code ${code}`);
}

/** One venue, one line, trades alone; everything else as it is by default. */
function configuration({ address, broker, prefix }: Place): string {
  return JSON.stringify({
    coins: join(repository, 'config', 'coins.json'),
    environment: 'simulated',
    feed: { venues: ['binance'], channels: ['trade'], allow_test_data: true },
    venues: { binance: { websocket_urls: [address.webSocket], rest_url: address.rest, lines: 1 } },
    sinks: ['kafka'],
    kafka: { brokers: [broker], topic_prefix: prefix, partitions: PARTITIONS },
    gateway: { enabled: false },
  });
}
