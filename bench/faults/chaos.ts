/**
 * `make chaos`: runs the pipeline with three venues of 2,000 trades a second each, and a random fault every few
 * seconds. Then it checks the delivery rule for every symbol and epoch, the published gaps, and the memory. ARGS:
 * --seconds N (600), --seed N (default: random, printed), --rate N (trades a second of each venue, 2000), --keep DIR.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startBroker } from '../../testing/kafka/kafka-broker.ts';
import type { PipelineProcess } from '../../testing/processes/pipeline-process.ts';
import { median } from '../measure.ts';
import { LongRun, RUN_SYMBOLS, RUN_VENUES } from './long-run.ts';
import { scheduleOf } from './schedule.ts';

/**
 * The heap of the last process may grow by this factor plus MAX_GROWTH_BYTES, from the first to the last third of the
 * process's life.
 */
const MAX_GROWTH = 1.25;
const MAX_GROWTH_BYTES = 16 * 2 ** 20;
/** Number of samples during the warm-up of a process. They are ignored. */
const WARM_SAMPLES = 2;
const MIN_SAMPLES = 6;
const MEBIBYTE = 2 ** 20;

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
const schedule = scheduleOf({ seed, durationMs, venues: RUN_VENUES, symbols: RUN_SYMBOLS });
console.log(
  `seed ${seed}: ${schedule.length} faults in ${flags.seconds} s, at ${flags.rate} trades a second and venue`,
);

interface MemorySample {
  readonly heapBytes: number;
  readonly rssBytes: number;
}

await mkdir(folder, { recursive: true });
const broker = await startBroker({ isForLong: true });
const run = new LongRun({ broker, folder, seed, durationMs, schedule, rate: Number(flags.rate), prefix: 'chaos.' });
const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => reject(new Error(signal)));
});
let wrong: readonly string[];
try {
  const result = await Promise.race([run.play(), interrupted]);
  wrong = [...result.wrong, ...memoryGrowth(result.pipeline)];
} catch (error) {
  wrong = [error instanceof Error ? error.message : String(error)];
} finally {
  await run.end();
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

/**
 * Compares the heap after a garbage collection in the first and the last third of the last process's life. Returns a
 * problem if it grew too much.
 */
function memoryGrowth({ events }: PipelineProcess): string[] {
  const samples = events
    .flatMap(({ event, heap_bytes, rss_bytes }): MemorySample[] =>
      event === 'memory' ? [{ heapBytes: Number(heap_bytes), rssBytes: Number(rss_bytes) }] : [],
    )
    .slice(WARM_SAMPLES);
  if (samples.length < MIN_SAMPLES) {
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
  return last.heap > first.heap * MAX_GROWTH + MAX_GROWTH_BYTES ? [`not flat: ${text}`] : [];
}

function mebibytes(bytes: number): string {
  return (bytes / MEBIBYTE).toFixed(1);
}
