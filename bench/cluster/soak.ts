/**
 * The second part of `make soak` checks that warm standbys leave living owners alone. Three instances share 60 coins at a
 * simulated Bybit for an hour, while other processes load the machine. No shard may be taken over, and every trade must
 * be published once. ARGS: --minutes N (60), --rate N (2000 trades a second), --seed N (default: random, printed), --keep
 * DIR (in its folder `cluster`).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Random } from '../../src/simulator/market/random.ts';
import { JournalIndex } from '../../testing/judges/journal-index.ts';
import { readRun } from '../../testing/judges/read-run.ts';
import { TradeJudge } from '../../testing/judges/trade-judge.ts';
import { startBroker } from '../../testing/kafka/kafka-broker.ts';
import type { PipelineProcess } from '../../testing/processes/pipeline-process.ts';
import { startChild } from '../child.ts';
import { COINS, startInstance, type VenueAddress } from './instance.ts';

const NAMES = ['a', 'b', 'c'];
/** Time until the instances have divided the shards, milliseconds. Takeovers before do not count. */
const SETTLES_MS = 60_000;
/** The machine is loaded by up to twice as many processes as it has cores, each time for this long. */
const MAX_BUSY = 2 * availableParallelism();
const MIN_BUSY_MS = 5000;
const MAX_BUSY_MS = 60_000;
/** Uses a core. It ends by itself, in case the bench is killed. */
const LOOP = `for (const end = Date.now() + ${MAX_BUSY_MS}; Date.now() < end; );`;

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    rate: { type: 'string', default: '2000' },
    seed: { type: 'string' },
    keep: { type: 'string' },
  },
});
const seed = Number(flags.seed ?? Math.floor(Math.random() * 2 ** 31));
const random = new Random(seed);
const root = flags.keep ?? (await mkdtemp(join(tmpdir(), 'market-feed-soak-')));
const folder = join(root, 'cluster');
await mkdir(folder, { recursive: true });
const journal = join(folder, 'journal.ndjson');
const prefix = 'soak.';
const busy = new Set<ChildProcess>();
// The judge needs the position record of every epoch. Compaction would keep only the last one.
const broker = await startBroker({ config: { 'log.cleaner.enable': 'false' }, isForLong: true });
const load = startChild(join(import.meta.dirname, 'load.ts'), [String(COINS), flags.rate, journal]);
const instances: PipelineProcess[] = [];
const wrong: string[] = [];
const interruption = new AbortController();
const { signal } = interruption;
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interruption.abort());
try {
  const address = await load.ask<VenueAddress>('address');
  for (const name of NAMES) {
    const options = { prefix, standbys: 1, address, brokers: broker.brokers } as const;
    instances.push(await startInstance({ ...options, folder: join(folder, name) }));
  }
  await delay(SETTLES_MS, undefined, { signal });
  const seen = instances.map(({ events }) => events.length);
  console.log(`seed ${seed}: ${NAMES.length} instances run; the machine is loaded for ${flags.minutes} minutes`);
  await loadMachine(Number(flags.minutes) * 60_000);
  for (const [at, { events, running }] of instances.entries()) {
    if (!running) wrong.push(`instance ${NAMES[at]} ended by itself`);
    for (const { event, shard, msg } of events.slice(seen[at]))
      if (event === 'shard_taken_over' || event === 'shard_handed_over')
        wrong.push(`instance ${NAMES[at]}: ${event} ${shard}: ${msg}`);
  }
  const codes = await Promise.all(instances.map((instance) => instance.stop()));
  if (codes.some((code) => code !== 0)) wrong.push(`exit codes ${codes.join(', ')}`);
  await load.ask('close');
  const judge = new TradeJudge(await JournalIndex.read(journal));
  await readRun({ kind: 'kafka', brokers: broker.brokers, prefix: `${prefix}simulated.` }, judge);
  const { published, lost, duplicated, outOfOrder, inGaps, problems } = judge.verdict();
  console.log(`${published} trades; lost ${lost}, in gaps ${inGaps}, twice ${duplicated}, out of order ${outOfOrder}`);
  if (published === 0 || lost + inGaps + duplicated + outOfOrder > 0) wrong.push('not every trade was published once');
  wrong.push(...problems);
} catch (error) {
  wrong.push(error instanceof Error ? error.message : String(error));
} finally {
  for (const one of busy) one.kill('SIGKILL');
  await Promise.all(instances.map((instance) => instance.kill()));
  await load.end();
  await broker.close();
}
for (const text of wrong) console.log(text);
if (wrong.length > 0) {
  console.error(`seed ${seed}: ${wrong.length} violations; journal and logs: ${folder}`);
  process.exit(1);
}
console.log(`seed ${seed}: no shard was taken over, and every trade was published once`);
if (flags.keep === undefined) await rm(root, { recursive: true, force: true });
process.exit();

/** Runs processes that use a core each, a random number of them for a random time, again and again. */
async function loadMachine(durationMs: number): Promise<void> {
  for (const end = performance.now() + durationMs; performance.now() < end; ) {
    for (let count = random.below(MAX_BUSY + 1); count > 0; count--)
      busy.add(spawn(process.execPath, ['-e', LOOP], { stdio: 'ignore' }));
    const busyMs = MIN_BUSY_MS + random.below(MAX_BUSY_MS - MIN_BUSY_MS);
    await delay(Math.min(busyMs, Math.max(0, end - performance.now())), undefined, { signal });
    for (const one of busy) one.kill('SIGKILL');
    busy.clear();
  }
}
