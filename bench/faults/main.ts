/**
 * `make faults`: runs the whole pipeline once for each fault that we can inject, and compares the topics with the
 * simulator's journal. ARGS: --only NAME (the whole name, or its part before the slash; may be repeated), --list,
 * --at-once N, --keep DIR (keeps the files of all rows there; the files of a failed row are always kept).
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { kafkaVersion } from '../../testing/kafka/broker-settings.ts';
import { type Broker, startBroker } from '../../testing/kafka/kafka-broker.ts';
import { PIPELINE_ROWS } from './pipeline-rows.ts';
import { document, isGood, type Played, replaceRows, table, verdictText } from './report.ts';
import { misses, type Row, Skipped } from './row.ts';
import { TestBed } from './test-bed.ts';
import { VENUE_ROWS } from './venue-rows.ts';

const ROWS = [...VENUE_ROWS, ...PIPELINE_ROWS];

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    list: { type: 'boolean', default: false },
    'at-once': { type: 'string', default: '2' },
    keep: { type: 'string' },
  },
});

const rows = chosen(flags.only);
if (flags.list) {
  for (const { name, fault } of rows) console.log(`${name.padEnd(32)} ${fault}`);
  process.exit();
}
const atOnce = Number(flags['at-once']);
const folder = flags.keep ?? (await mkdtemp(join(tmpdir(), 'market-feed-faults-')));
await mkdir(folder, { recursive: true });
const startedAt = performance.now();
const broker = await startBroker({ isForLong: true });
const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => reject(new Error(signal)));
});
let played: readonly Played[] = [];
try {
  played = await Promise.race([playAll(broker), interrupted]);
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}; logs: ${folder}`);
  process.exitCode = 1;
} finally {
  await broker.close();
}
if (process.exitCode === 1) process.exit();

console.log(`\n${table(played)}\n`);
const bad = played.filter((one) => !isGood(one));
for (const { row, outcome } of bad) {
  const { losses = [], repeats = [], problems = [] } = outcome?.verdict ?? {};
  console.log(`${row.name}: ${join(folder, fileName(row))}`);
  for (const text of [...losses.slice(0, 5), ...repeats.slice(0, 5), ...problems.slice(0, 5)]) console.log(`  ${text}`);
}
const matrix = join(import.meta.dirname, '..', '..', 'docs', 'fault-matrix.md');
if (flags.only === undefined) {
  const page = document(played, {
    cores: availableParallelism(),
    node: process.version,
    kafka: kafkaVersion,
    date: new Date().toISOString().slice(0, 10),
    atOnce,
    minutes: Math.ceil((performance.now() - startedAt) / 60_000),
  });
  await writeFile(matrix, page);
  console.log('written to docs/fault-matrix.md');
} else if (existsSync(matrix)) {
  await writeFile(matrix, replaceRows(await readFile(matrix, 'utf8'), played, ROWS));
  console.log('put the rows into docs/fault-matrix.md');
}
if (bad.length > 0) {
  console.error(`${bad.length} of ${played.length} rows missed what they have to show: ${folder}`);
  process.exit(1);
}
if (flags.keep === undefined) await rm(folder, { recursive: true, force: true });
process.exit();

function chosen(only: readonly string[] | undefined): readonly Row[] {
  if (only === undefined) return ROWS;
  const found = ROWS.filter(({ name }) => only.some((wanted) => name === wanted || name.split('/')[0] === wanted));
  if (found.length === 0)
    throw new Error(`no row ${only.join(', ')}; known: ${ROWS.map(({ name }) => name).join(', ')}`);
  return found;
}

/** Plays the rows in their order, `atOnce` of them at a time. */
async function playAll({ brokers }: Broker): Promise<readonly Played[]> {
  const results = new Array<Played>(rows.length);
  let next = 0;
  const worker = async () => {
    while (next < rows.length) {
      const at = next++;
      results[at] = await play(rows[at] as Row, brokers);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, rows.length) }, worker));
  return results;
}

/**
 * Plays a row. If it missed only time limits, plays it again, because other rows at the same time may have slowed it.
 */
async function play(row: Row, brokers: readonly string[]): Promise<Played> {
  let result = await playOnce(row, brokers, fileName(row));
  if (result.outcome !== undefined) {
    const { wrong, slow } = misses(row, result.outcome);
    if (wrong.length === 0 && slow.length > 0)
      result = {
        ...(await playOnce({ ...row, name: `${row.name}-again` }, brokers, `${fileName(row)}-again`)),
        row,
        again: true,
      };
  }
  console.log(`${row.name.padEnd(32)} ${verdictText(result)}`);
  if (isGood(result) && flags.keep === undefined) {
    await rm(join(folder, fileName(row)), { recursive: true, force: true });
    await rm(join(folder, `${fileName(row)}-again`), { recursive: true, force: true });
  }
  return result;
}

async function playOnce(row: Row, brokers: readonly string[], name: string): Promise<Played> {
  try {
    return { row, outcome: await TestBed.play(row, join(folder, name), brokers) };
  } catch (error) {
    if (error instanceof Skipped) return { row, skipped: error.message };
    const [complaint = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    return { row, outcome: failedOutcome(complaint) };
  }
}

/** The outcome of a row that failed before its end. */
function failedOutcome(complaint: string): NonNullable<Played['outcome']> {
  const none = {
    published: 0,
    epochs: 0,
    lost: 0,
    inGaps: 0,
    undetectable: 0,
    duplicated: 0,
    outOfOrder: 0,
    gaps: 0,
    instances: 0,
  };
  const verdict = { ...none, named: [], losses: [], repeats: [], problems: [] };
  return { withoutDataMs: Number.POSITIVE_INFINITY, verdict, exitCode: null, complaints: [complaint] };
}

function fileName({ name }: Row): string {
  return name.replaceAll('/', '.');
}
