/**
 * `make bench`: our pipeline beside the script that one writes in an afternoon, in turn, several times, on the same
 * work. ARGS: --quick (once each), --runs N, --only ours|script, --keep DIR (configurations and logs stay there).
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import coins from '../config/coins.json' with { type: 'json' };
import { codecOf } from '../src/codec/avro.ts';
import { startBroker } from '../test/support/kafka-broker.ts';
import { type Child, startChild } from './child.ts';
import { type Figures, measure, type Pace } from './measure.ts';
import { document, table } from './report.ts';
import { type Subject, startSubject } from './subject.ts';

const repository = join(import.meta.dirname, '..');
const schemaFile = join(repository, 'schemas', 'trade-event.avsc');
const symbols = coins.map(({ symbols: { binance } }) => binance).filter((symbol) => symbol !== null);

const PARTITIONS = 4;
/** What was read is not needed any more. */
const SMALL_LOGS = {
  'log.segment.bytes': '33554432',
  'log.retention.bytes': '33554432',
  'log.retention.check.interval.ms': '5000',
  'log.segment.delete.delay.ms': '1000',
};
const FULL: Pace = { warmUpMs: 3000, latencyMs: 8000, settleMs: 800, holdMs: 2500, refinements: 3 };
const QUICK: Pace = { warmUpMs: 2000, latencyMs: 4000, settleMs: 500, holdMs: 1500, refinements: 2 };

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    runs: { type: 'string' },
    only: { type: 'string' },
    keep: { type: 'string' },
  },
});
const runs = Number(flags.runs ?? (flags.quick ? 1 : 3));
const pace = flags.quick ? QUICK : FULL;

/** Where a program finds its work. */
interface Place {
  readonly address: { readonly webSocket: string; readonly rest: string };
  readonly broker: string;
  readonly prefix: string;
  readonly folder: string;
}

const topicOf = ({ prefix }: Place): string => `${prefix}trades`;

const programs: Readonly<Record<string, (place: Place, config: string) => Subject>> = {
  script: (place) => {
    const header = Buffer.from([0xc3, 0x01, ...codecOf('trade').fingerprint]).toString('hex');
    const script = join(import.meta.dirname, 'baseline', 'script.ts');
    const args = [script, place.address.webSocket, place.broker, topicOf(place), schemaFile, header, ...symbols];
    return startSubject(args, join(place.folder, `${place.prefix}log`));
  },
  ours: (place, config) =>
    startSubject(
      [...nodeArguments(), join(repository, 'src', 'cli', 'main.ts'), 'run', '--config', config],
      join(place.folder, `${place.prefix}log`),
    ),
};

/** For profiles: BENCH_NODE_ARGS='--cpu-prof --cpu-prof-dir=DIR'. */
function nodeArguments(): readonly string[] {
  return (process.env.BENCH_NODE_ARGS ?? '').split(' ').filter((argument) => argument !== '');
}

/** One venue, one line, trades alone; everything else as it is by default. */
function configuration({ address, broker, prefix }: Place): string {
  return JSON.stringify({
    coins: join(repository, 'config', 'coins.json'),
    environment: 'simulated',
    feed: { venues: ['binance'], channels: ['trade'], allow_test_data: true },
    venues: { binance: { websocket_urls: [address.webSocket], rest_url: address.rest, lines: 1 } },
    sinks: ['kafka'],
    kafka: {
      brokers: [broker],
      topic_prefix: prefix,
      partitions: PARTITIONS,
      batch: { max_records: Number(process.env.BB ?? 1000) },
    },
    gateway: { enabled: false },
  });
}

async function run(name: string, place: Place, load: Child): Promise<Figures> {
  const config = join(place.folder, `${place.prefix}yaml`);
  await writeFile(config, configuration(place));
  // For both sides, so that both have the same topics.
  const created = await startSubject(
    [join(repository, 'src', 'cli', 'main.ts'), 'topics', 'create', '--config', config],
    join(place.folder, `${place.prefix}topics.log`),
  ).ended;
  if (created !== 0) throw new Error(`the topics could not be made: exit code ${created}, see ${place.folder}`);
  const start = programs[name];
  if (start === undefined) throw new Error(`no program ${name}: ${Object.keys(programs).join(', ')}`);
  const consumer = startChild(join(import.meta.dirname, 'consumer.ts'), [
    place.broker,
    topicOf(place),
    String(PARTITIONS),
    schemaFile,
  ]);
  const subject = start(place, config);
  try {
    const figures = await measure({ load, consumer, subject, tell: (line) => console.log(line) }, pace);
    const code = await subject.stop();
    if (code !== 0) throw new Error(`${name} ended with exit code ${code}, see ${place.folder}`);
    return figures;
  } finally {
    await subject.stop();
    await consumer.end();
    await load.ask('rate', 0);
  }
}

const folder = flags.keep ?? (await mkdtemp(join(tmpdir(), 'market-feed-bench-')));
await mkdir(folder, { recursive: true });
const broker = await startBroker({ config: SMALL_LOGS });
const load = startChild(join(import.meta.dirname, 'load.ts'));
const results: Record<string, Figures[]> = {};
try {
  const address = await load.ask<Place['address']>('address');
  for (let number = 1; number <= runs; number++) {
    for (const name of flags.only === undefined ? Object.keys(programs) : [flags.only]) {
      console.log(`${name}, run ${number} of ${runs}`);
      const prefix = `${name}${number}.`;
      const place = { address, broker: broker.brokers[0] as string, prefix, folder };
      const figures = await run(name, place, load);
      results[name] = [...(results[name] ?? []), figures];
    }
  }
} finally {
  await load.end();
  await broker.close();
  if (flags.keep === undefined) await rm(folder, { recursive: true, force: true });
}

console.log(`\n${table(results)}\n`);
if (!flags.quick && flags.only === undefined) {
  const page = document(results, { runs, cores: availableParallelism(), node: process.version, broker: broker.way });
  await writeFile(join(repository, 'docs', 'performance.md'), page);
  console.log('written to docs/performance.md');
}
const wrong = Object.values(results)
  .flat()
  .some(({ lost, repeated }) => lost !== 0 || repeated !== 0);
if (wrong) console.error('trades were lost or repeated: the figures of such a run mean nothing');
process.exitCode = wrong ? 1 : 0;
