/**
 * `make chaos`: 2,000 trades a second, and every few seconds a fault drawn from a seed; then CONTRACT 4's delivery rule
 * for every symbol and epoch, the truth of every gap, and the memory. ARGS: --seconds N (600), --seed N (by chance,
 * printed), --rate N (2000), --keep DIR.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { VENUE_IDS, type VenueId } from '../../src/domain/instrument.ts';
import { JournalIndex } from '../../test/support/journal-index.ts';
import { type Broker, startBroker } from '../../test/support/kafka-broker.ts';
import { PipelineProcess } from '../../test/support/pipeline-process.ts';
import { type Published, readRun } from '../../test/support/read-run.ts';
import { type SimulatorAddress, simulatedValues } from '../../test/support/simulated-feed.ts';
import { TradeJudge, type Verdict } from '../../test/support/trade-judge.ts';
import { type Child, startChild } from '../child.ts';
import { median } from '../measure.ts';
import { type Happening, happeningText, scheduleOf } from './schedule.ts';

const VENUES: readonly VenueId[] = ['binance', 'bybit', 'binance_us'];
const COINS = ['BTC', 'ETH', 'SOL', 'BNB', 'XRP', 'ADA', 'DOGE', 'AVAX', 'LINK', 'DOT'];
const LINES = 2;
const PREFIX = 'chaos.';
/** The heap may grow by this share and this much between the first and the last third of the last process's life. */
const MOST_GROWTH = 1.25;
const MOST_GROWTH_BYTES = 16 * 2 ** 20;
/** Before that a process is warming up. */
const WARM_SAMPLES = 2;
const LEAST_SAMPLES = 6;
const RECONNECT = { initial_delay_ms: 500, max_delay_ms: 4000, max_attempts: 10, probe_every_ms: 4000 };
const MEBIBYTE = 2 ** 20;
/** Of what the feed told around a violation: so far away, milliseconds, and so many. */
const NEAR_MS = 3000;
const MOST_NEAR = 12;

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string' },
    rate: { type: 'string', default: '2000' },
    keep: { type: 'string' },
  },
});
const seed = Number(flags.seed ?? Math.floor(Math.random() * 2 ** 31));
const durationMs = Number(flags.seconds) * 1000;
const folder = flags.keep ?? (await mkdtemp(join(tmpdir(), 'market-feed-chaos-')));
const symbols = COINS.map((coin) => `${coin}USDT`);
const journal = join(folder, 'journal.ndjson');
const config = join(folder, 'market-feed.yaml');
const schedule = scheduleOf({ seed, durationMs, venues: VENUES, symbols });
console.log(
  `seed ${seed}: ${schedule.length} faults in ${flags.seconds} s, at ${flags.rate} trades a second and venue`,
);

interface MemorySample {
  readonly heapBytes: number;
  readonly rssBytes: number;
}

await mkdir(folder, { recursive: true });
const broker = await startBroker();
const rate = Object.fromEntries(VENUE_IDS.map((id) => [id, VENUES.includes(id) ? Number(flags.rate) : 0]));
const options = { rate, seed, symbols: COINS.length, journal, connectionLimit: false };
const venues = startChild(join(import.meta.dirname, 'venues.ts'), [JSON.stringify(options)]);
const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => reject(new Error(signal)));
});
let wrong: readonly string[];
try {
  wrong = await Promise.race([play(broker, venues), interrupted]);
} catch (error) {
  wrong = [error instanceof Error ? error.message : String(error)];
} finally {
  await venues.end();
  await broker.close();
}
for (const text of wrong) console.log(text);
if (wrong.length > 0) {
  console.error(`seed ${seed}: ${wrong.length} violations; journal, log and statuses: ${folder}`);
  process.exit(1);
}
console.log(`seed ${seed}: every trade is where it has to be, and every gap is true`);
if (flags.keep === undefined) await rm(folder, { recursive: true, force: true });
process.exit();

/** Returns what is wrong, in words. */
async function play(broker: Broker, venues: Child): Promise<readonly string[]> {
  const address = await venues.ask<SimulatorAddress>('address');
  await writeFile(config, JSON.stringify(configuration(address, broker.brokers), null, 2));
  let pipeline = start();
  await inOrder(pipeline, 30_000);
  const startedAt = performance.now();
  const startedWallAt = Date.now();
  let brokerAway: Promise<void> = Promise.resolve();
  for (const one of schedule) {
    await delay(Math.max(0, startedAt + one.atMs - performance.now()));
    console.log(happeningText(one));
    if (!pipeline.running) return [`the pipeline ended by itself with code ${await pipeline.exited}`];
    if (one.kind === 'venue') await venues.ask('inject', [one.request]).catch(notOpen);
    else if (one.kind === 'kill') {
      await pipeline.kill();
      pipeline = start();
    } else {
      // One absence after the other.
      brokerAway = brokerAway.then(() => takeAway(broker, one));
    }
  }
  await brokerAway;
  await venues.ask('clear');
  const back = await inOrder(pipeline, 30_000).then(
    () => [],
    (error: Error) => [error.message],
  );
  await delay(Math.max(5000, startedAt + durationMs - performance.now()));
  const exitCode = await pipeline.stop();
  await venues.ask('close');
  console.log('the run is over; journal and topics are compared');
  const judge = new TradeJudge(await JournalIndex.read(journal), { venueLosesIds: true });
  const published = await readRun({ kind: 'kafka', brokers: broker.brokers, prefix: PREFIX }, judge);
  const verdict = judge.verdict();
  console.log(summary(verdict));
  await keepStatuses(published, startedWallAt);
  return [
    ...back,
    ...(exitCode === 0 ? [] : [`exit code ${exitCode}`]),
    ...(verdict.published === 0 ? ['nothing was published'] : []),
    ...[...verdict.losses, ...verdict.repeats, ...verdict.problems].map((text) => explained(text, published)),
    ...memoryGrowth(pipeline),
  ];
}

function start(): PipelineProcess {
  return new PipelineProcess({
    config,
    logFile: join(folder, 'pipeline.log'),
    nodeArgs: ['--expose-gc', '--import', join(import.meta.dirname, 'probe-memory.ts')],
  });
}

function inOrder(pipeline: PipelineProcess, timeoutMs: number): Promise<void> {
  const allUp = () => VENUES.every((venue) => pipeline.linesUp(venue) >= LINES);
  return pipeline.until(() => allUp() && pipeline.activeVenue === VENUES[0], 'all lines are up', timeoutMs);
}

/** A line that is just not there cannot fail. */
function notOpen(error: unknown): void {
  if (!String(error).includes('open connections')) throw error;
}

async function takeAway(broker: Broker, { how, awayMs }: Extract<Happening, { kind: 'broker' }>): Promise<void> {
  await broker[how]();
  await delay(awayMs);
  await broker.start();
}

function configuration(address: SimulatorAddress, brokers: readonly string[]): object {
  const base = simulatedValues(address, {
    coins: COINS,
    feed: { venues: VENUES, channels: ['trade', 'ticker'], fail_back_after_ms: 3000, coin_stale_after_ms: 6000 },
    venue: { lines: LINES, reconnect: RECONNECT },
  });
  return {
    ...base,
    sinks: ['kafka'],
    kafka: { brokers, topic_prefix: PREFIX, partitions: 4 },
    spill: { dir: join(folder, 'spill') },
    gateway: { enabled: false },
  };
}

function summary({ published, epochs, lost, inGaps, undetectable, gaps, duplicated, outOfOrder }: Verdict): string {
  return [
    `${published} trades in up to ${epochs} epochs of a symbol, ${gaps} gaps`,
    `lost ${lost}, in gaps ${inGaps}, twice ${duplicated}, out of order ${outOfOrder}`,
    `not detectable (Bybit, withheld on a line that stayed open) ${undetectable}`,
  ].join('\n');
}

/** The first and the last third of the last process's life: the heap after a collection, and the resident memory beside it. */
function memoryGrowth({ events }: PipelineProcess): string[] {
  const samples = events
    .flatMap(({ event, heap_bytes, rss_bytes }): MemorySample[] =>
      event === 'memory' ? [{ heapBytes: Number(heap_bytes), rssBytes: Number(rss_bytes) }] : [],
    )
    .slice(WARM_SAMPLES);
  if (samples.length < LEAST_SAMPLES) {
    console.log('memory: the last process did not run for long enough to say');
    return [];
  }
  const third = Math.floor(samples.length / 3);
  const [first, last] = [samples.slice(0, third), samples.slice(-third)].map((some) => ({
    heap: median(some.map(({ heapBytes }) => heapBytes)),
    rss: median(some.map(({ rssBytes }) => rssBytes)),
  })) as [{ heap: number; rss: number }, { heap: number; rss: number }];
  const text = `memory, first and last third: heap ${mebibytes(first.heap)} and ${mebibytes(last.heap)}, resident ${mebibytes(first.rss)} and ${mebibytes(last.rss)} MiB`;
  console.log(text);
  return last.heap > first.heap * MOST_GROWTH + MOST_GROWTH_BYTES ? [`not flat: ${text}`] : [];
}

function mebibytes(bytes: number): string {
  return (bytes / MEBIBYTE).toFixed(1);
}

/** A violation with what the feed told around the first time in it. */
function explained(text: string, { statuses }: Published): string {
  const at = Number(/\b1\d{12}\b/.exec(text)?.[0] ?? Number.NaN);
  const near = statuses
    .filter(({ status }) => status.state !== 'heartbeat' && Math.abs(status.timestamp - at) < NEAR_MS)
    .slice(0, MOST_NEAR)
    .map(({ status: { timestamp, state, venue, reason } }) => `    ${timestamp} ${state} ${venue ?? ''}: ${reason}`);
  return [text, ...near].join('\n');
}

async function keepStatuses({ statuses }: Published, startedWallAt: number): Promise<void> {
  const lines = statuses.map(({ status, at }) => JSON.stringify({ ...status, at }));
  const faults = schedule.map((one) => `${startedWallAt + one.atMs} ${happeningText(one)}`);
  await writeFile(join(folder, 'statuses.txt'), [...faults, ...lines, ''].join('\n'));
}
