/**
 * `make bench`: compares our pipeline with the script that one writes in an afternoon, with the same work in Go, and with
 * tardis-dev, ccxt and cryptofeed. The programs run in turn, several times, on the same work. Then each part runs alone.
 * It takes some 110 minutes and writes docs/performance.json, and from that the page and its chart. ARGS: --quick (once
 * each, rough, writes nothing), --runs N (5), --only PROGRAM,PROGRAM (no parts, writes nothing), --parts FILE,FILE (measures
 * only these again, for example memory/demo.ts; none: only the programs), --minutes N (10: length of each memory part),
 * --keep DIR (keeps configurations and logs there). BENCH_CRYPTOFEED_PYTHON: a Python with cryptofeed and aiokafka; by
 * default, one is installed into .tools.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startBroker } from '../testing/kafka/kafka-broker.ts';
import { until } from '../testing/tools/until.ts';
import { type Child, startChild } from './child.ts';
import { type Measurement, measure, type Pace } from './measure.ts';
import { runPart } from './part.ts';
import {
  firstStepOf,
  formatOf,
  isPeer,
  linesOf,
  PARTITIONS,
  PROGRAMS,
  type ProgramSetup,
  prepareProgram,
  SMALL_LOGS,
  startProgram,
  topicOf,
  whyUnavailable,
} from './programs.ts';
import { chart, document, table, targetResultsOf, targetTable } from './report.ts';
import { type MeasuredPart, readResults, writeResults } from './stored-results.ts';

const FULL: Pace = { everydayMs: 30_000, quietMs: 10_000, settleMs: 800, holdMs: 2500, refinements: 3 };
const QUICK: Pace = { everydayMs: 8000, quietMs: 4000, settleMs: 500, holdMs: 1500, refinements: 2 };
const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    runs: { type: 'string' },
    only: { type: 'string' },
    parts: { type: 'string' },
    minutes: { type: 'string', default: '10' },
    keep: { type: 'string' },
  },
});
const runs = Number(flags.runs ?? (flags.quick ? 1 : 5));
const pace = flags.quick ? QUICK : FULL;

const brief = flags.quick;
/** The parts: programs in processes of their own, with their flags. */
const PARTS: readonly (readonly [string, ...string[]])[] = [
  ['profile/main.ts', '--rates', '2000,20000,50000'],
  ['micro/main.ts'],
  ['replay/main.ts', '--runs', brief ? '1' : '5'],
  ['start/main.ts', '--runs', brief ? '1' : '5'],
  ['bursts/main.ts', '--bursts', brief ? '1' : '5'],
  ['symbols/main.ts', '--rounds', brief ? '1' : '2'],
  ['symbols/compared.ts', '--runs', brief ? '1' : '5'],
  ['memory/main.ts', '--minutes', brief ? '1' : flags.minutes],
  ['memory/demo.ts', '--minutes', brief ? '1' : flags.minutes],
];

const wanted = flags.parts?.split(',');
const isComparing = wanted === undefined || flags.parts === 'none';
const unknown = isComparing ? [] : wanted.filter((file) => PARTS.every(([part]) => part !== file));
if (unknown.length > 0) throw new Error(`--parts: no part ${unknown}: ${PARTS.map(([file]) => file).join(', ')}`);
/** What is not measured now stays as it is. */
const before = wanted === undefined ? undefined : await readResults();
if (!isComparing && before === undefined) throw new Error('the programs have not been compared: run `make bench`');

const folder = flags.keep ?? (await mkdtemp(join(tmpdir(), 'market-feed-bench-')));
await mkdir(folder, { recursive: true });
const results: Record<string, (Measurement | undefined)[]> = {};
/** Reasons why programs or parts are left out. */
const missing: string[] = [];

if (isComparing) await compare();

const day = new Date().toISOString().slice(0, 10);
const parts: Record<string, MeasuredPart> = {};
if (flags.only === undefined)
  for (const [file, ...args] of PARTS.filter(([file]) => wanted?.includes(file) ?? true)) {
    console.log(`\n${file}`);
    const part = await runPart(join(import.meta.dirname, file), args).catch((error: Error) => error);
    if (part instanceof Error) leaveOut(`${file} is left out: ${part.message}`);
    else parts[file] = { ...part, day };
  }
const circumstances = { day, runs, cores: availableParallelism(), node: process.version, pace };
const measured = isComparing ? { ...circumstances, results, missing } : undefined;
if (measured !== undefined) console.log(`\n${table(results)}\n`);
const targets = [...targetResultsOf(results), ...Object.values(parts).flatMap((part) => part.targets)];
console.log(`\n${targetTable(targets)}\n`);
const comparison = measured ?? before?.comparison;
if (comparison !== undefined && !flags.quick && flags.only === undefined) {
  const all = { ...before?.parts, ...parts };
  const stored = {
    comparison,
    parts: Object.fromEntries(PARTS.flatMap(([file]) => (all[file] ? [[file, all[file]]] : []))),
  };
  await writeResults(stored);
  const docs = join(import.meta.dirname, '..', 'docs');
  await writeFile(join(docs, 'performance.md'), document(stored));
  await writeFile(join(docs, 'performance.svg'), chart(comparison.results));
  console.log('written to docs/performance.md, .json and .svg');
}
const accounted = ({ lost, repeated }: Measurement): boolean => lost === 0 && repeated === 0;
if (
  !Object.values(results).every((rounds) =>
    rounds.every((measurement) => measurement === undefined || accounted(measurement)),
  )
) {
  console.error(`trades were lost or repeated: the measurements of such a run mean nothing; logs: ${folder}`);
  process.exitCode = 1;
} else if (flags.keep === undefined) {
  await rm(folder, { recursive: true, force: true });
}

/** Runs all programs. Ends this process if that fails or is interrupted. */
async function compare(): Promise<void> {
  const broker = await startBroker({ config: SMALL_LOGS, isForLong: true });
  const load = startChild(join(import.meta.dirname, 'load.ts'));
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => reject(new Error(signal)));
  });
  try {
    await Promise.race([runAll(load, broker.brokers[0] as string), interrupted]);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}; logs: ${folder}`);
    process.exitCode = 1;
  } finally {
    await load.end();
    await broker.close();
  }
  if (process.exitCode === 1) process.exit();
}

async function runAll(load: Child, broker: string): Promise<void> {
  const address = await load.ask<ProgramSetup['address']>('address');
  const names: string[] = [];
  for (const name of flags.only === undefined ? PROGRAMS : flags.only.split(',')) {
    const why = await whyUnavailable(name);
    if (why === undefined) names.push(name);
    else leaveOut(`${name} is left out: ${why}`);
  }
  for (let number = 1; number <= runs; number++) {
    for (const name of names) {
      console.log(`${name}, run ${number} of ${runs}`);
      const setup = { address, broker, prefix: `${name}${number}.`, folder };
      const measurement = await run(name, setup, load).catch((error: Error) => error);
      if (!(measurement instanceof Error)) {
        results[name] ??= [];
        results[name][number - 1] = measurement;
      } else if (!isPeer(name)) throw measurement;
      else leaveOut(`a run of ${name} is left out: ${measurement.message}`);
    }
  }
}

function leaveOut(line: string): void {
  console.log(line);
  missing.push(line);
}

async function run(name: string, setup: ProgramSetup, load: Child): Promise<Measurement> {
  if (!PROGRAMS.includes(name)) throw new Error(`no program ${name}: ${PROGRAMS.join(', ')}`);
  await prepareProgram(name, setup);
  const reader = [setup.broker, topicOf(setup), String(PARTITIONS), formatOf(name)];
  const consumer = startChild(join(import.meta.dirname, 'consumer.ts'), reader);
  // The simulator may not have noticed yet that the previous program closed its connections. They would count as
  // connections of this program.
  await until(async () => (await load.ask<number>('lines')) === 0, { message: 'all connections have ended' });
  const subject = await startProgram(name, setup);
  try {
    const measurement = await measure(
      {
        load,
        consumer,
        subject,
        lines: linesOf(name),
        firstStep: firstStepOf(name),
        log: (line) => console.log(line),
      },
      pace,
    );
    const code = await subject.stop();
    if (code !== 0) throw new Error(`${name} ended with exit code ${code}`);
    return measurement;
  } finally {
    await subject.stop();
    await consumer.end();
    await load.ask('rate', 0).catch(() => {});
  }
}
