/**
 * `make bench`: our pipeline beside the script that one writes in an afternoon, in turn, several times, on the same
 * work. ARGS: --quick (once each, rough), --runs N, --only PROGRAM,PROGRAM, --keep DIR (configurations and logs stay there).
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startBroker } from '../test/support/kafka-broker.ts';
import { until } from '../test/support/until.ts';
import { startChild } from './child.ts';
import { type Figures, measure, type Pace } from './measure.ts';
import { linesOf, PARTITIONS, type Place, PROGRAMS, prepare, SMALL_LOGS, schemaFile, start, topicOf } from './programs.ts';
import { document, table } from './report.ts';

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
const runs = Number(flags.runs ?? (flags.quick ? 1 : 5));
const pace = flags.quick ? QUICK : FULL;

const folder = flags.keep ?? (await mkdtemp(join(tmpdir(), 'market-feed-bench-')));
await mkdir(folder, { recursive: true });
const broker = await startBroker({ config: SMALL_LOGS });
const load = startChild(join(import.meta.dirname, 'load.ts'));
const results: Record<string, Figures[]> = {};

const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => reject(new Error(signal)));
});
try {
  await Promise.race([runAll(), interrupted]);
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}; logs: ${folder}`);
  process.exitCode = 1;
} finally {
  await load.end();
  await broker.close();
}
if (process.exitCode === 1) process.exit();

console.log(`\n${table(results)}\n`);
if (!flags.quick && flags.only === undefined) {
  const page = document(results, { runs, cores: availableParallelism(), node: process.version, pace });
  await writeFile(join(import.meta.dirname, '..', 'docs', 'performance.md'), page);
  console.log('written to docs/performance.md');
}
if (Object.values(results).some((list) => list.some(({ lost, repeated }) => lost !== 0 || repeated !== 0))) {
  console.error(`trades were lost or repeated: the figures of such a run mean nothing; logs: ${folder}`);
  process.exitCode = 1;
} else if (flags.keep === undefined) {
  await rm(folder, { recursive: true, force: true });
}

async function runAll(): Promise<void> {
  const address = await load.ask<Place['address']>('address');
  const names = flags.only === undefined ? PROGRAMS : flags.only.split(',');
  for (let number = 1; number <= runs; number++) {
    for (const name of names) {
      console.log(`${name}, run ${number} of ${runs}`);
      const place = { address, broker: broker.brokers[0] as string, prefix: `${name}${number}.`, folder };
      results[name] = [...(results[name] ?? []), await run(name, place)];
    }
  }
}

async function run(name: string, place: Place): Promise<Figures> {
  if (!PROGRAMS.includes(name)) throw new Error(`no program ${name}: ${PROGRAMS.join(', ')}`);
  await prepare(name, place);
  const reader = [place.broker, topicOf(place), String(PARTITIONS), schemaFile];
  const consumer = startChild(join(import.meta.dirname, 'consumer.ts'), reader);
  // Those of the program before, whose end the simulator may not have seen yet, would pass for this one's.
  await until(async () => (await load.ask<number>('lines')) === 0, { message: 'all connections have ended' });
  const subject = start(name, place);
  try {
    const figures = await measure(
      { load, consumer, subject, lines: linesOf(name), tell: (line) => console.log(line) },
      pace,
    );
    const code = await subject.stop();
    if (code !== 0) throw new Error(`${name} ended with exit code ${code}`);
    return figures;
  } finally {
    await subject.stop();
    await consumer.end();
    await load.ask('rate', 0).catch(() => {});
  }
}
