/**
 * `make chaos`: 2,000 trades a second, and every few seconds a fault drawn from a seed; then CONTRACT 4's delivery rule
 * for every symbol and epoch, the truth of every gap, and the memory. ARGS: --seconds N (600), --seed N (by chance,
 * printed), --rate N (2000), --keep DIR.
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

/** The heap may grow by this share and this much between the first and the last third of the last process's life. */
const MOST_GROWTH = 1.25;
const MOST_GROWTH_BYTES = 16 * 2 ** 20;
/** Before that a process is warming up. */
const WARM_SAMPLES = 2;
const LEAST_SAMPLES = 6;
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
