/**
 * The first part of `make soak` runs the pipeline in one process for an hour, with random faults and a real broker, and
 * checks whether anything grows. It fits a robust slope to the memory after a garbage collection, the file handles, the
 * timers, and all other resources that keep the process alive. At the end, every trade is accounted for. ARGS:
 * --minutes N (60), --seed N (default: random, printed), --rate N (1000 a venue), --keep DIR.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startBroker } from '../../testing/kafka/kafka-broker.ts';
import type { PipelineProcess } from '../../testing/processes/pipeline-process.ts';
import { LongRun, RUN_SYMBOLS, RUN_VENUES } from '../faults/long-run.ts';
import { scheduleOf } from '../faults/schedule.ts';
import { handlesOf, memoryOf } from '../process-usage.ts';
import { isFlat, type Sample, slopeOf, slopeText } from '../slope.ts';

const SAMPLE_EVERY_MS = 5000;
/** Share of the run that counts as warm-up: code is compiled, histories and buffers fill. */
const WARM_UP_SHARE = 0.25;
/** Time without faults at the end of the run, in which the pipeline releases what the faults made it use. */
const CALM_MS = 30_000;
const MEBIBYTE = 2 ** 20;

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string' },
    rate: { type: 'string', default: '1000' },
    keep: { type: 'string' },
  },
});
const seed = Number(flags.seed ?? Math.floor(Math.random() * 2 ** 31));
const durationMs = Number(flags.minutes) * 60_000;
const folder = flags.keep ?? (await mkdtemp(join(tmpdir(), 'market-feed-soak-')));
await mkdir(folder, { recursive: true });
// No kills: a new process would hide growth. `make chaos` kills.
const faultsMs = Math.max(0, durationMs - CALM_MS);
const drawn = scheduleOf({ seed, durationMs: faultsMs, venues: RUN_VENUES, symbols: RUN_SYMBOLS });
const schedule = drawn.filter(({ kind }) => kind !== 'kill');
console.log(
  `seed ${seed}: ${schedule.length} faults in ${flags.minutes} minutes, at ${flags.rate} trades a second and venue`,
);

interface Series {
  readonly unit: string;
  readonly samples: Sample[];
}

const series: Readonly<
  Record<'heap' | 'code' | 'data' | 'external' | 'resident' | 'handles' | 'timers' | 'resources', Series>
> = {
  heap: { unit: 'MiB', samples: [] },
  code: { unit: 'MiB', samples: [] },
  data: { unit: 'MiB', samples: [] },
  external: { unit: 'MiB', samples: [] },
  resident: { unit: 'MiB', samples: [] },
  handles: { unit: 'handles', samples: [] },
  timers: { unit: 'timers', samples: [] },
  resources: { unit: 'resources', samples: [] },
};
/**
 * The heap consists of code and data. Code is what V8 has compiled so far: each rare path that a fault takes for the
 * first time adds to it, for hours. It is shown but not judged. Resident memory is not judged either, because the
 * allocator decides when freed pages return to the system.
 */
const JUDGED = ['data', 'external', 'handles', 'timers', 'resources'] as const;

// The judge needs the position record of every epoch. Compaction would keep only the last one.
const broker = await startBroker({ config: { 'log.cleaner.enable': 'false' }, isForLong: true });
const run = new LongRun({ broker, folder, seed, durationMs, schedule, rate: Number(flags.rate), prefix: 'soak.' });
const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => reject(new Error(signal)));
});
let wrong: readonly string[];
let sampler: NodeJS.Timeout | undefined;
try {
  const { wrong: untrue, pipeline } = await Promise.race([run.play(sampleOften), interrupted]);
  takeLogged(pipeline);
  wrong = [...untrue, ...growth()];
} catch (error) {
  wrong = [error instanceof Error ? error.message : String(error)];
} finally {
  clearInterval(sampler);
  await run.end();
  await broker.close();
}
for (const text of wrong) console.log(text);
if (wrong.length > 0) {
  console.error(`seed ${seed}: ${wrong.length} violations; journal, log and statuses: ${folder}`);
  process.exit(1);
}
console.log(`seed ${seed}: nothing grows, every trade is where it has to be, and every gap is true`);
if (flags.keep === undefined) await rm(folder, { recursive: true, force: true });
process.exit();

/** Samples the file handles and the resident memory, which can be read from outside the process. */
function sampleOften(pipeline: PipelineProcess): void {
  clearInterval(sampler);
  sampler = setInterval(() => {
    if (!pipeline.running) return;
    Promise.all([handlesOf(pipeline.pid), memoryOf(pipeline.pid)]).then(
      ([handles, memory]) => {
        const at = Date.now();
        series.handles.samples.push({ at, value: handles });
        series.resident.samples.push({ at, value: memory.now });
      },
      () => {}, // the process has just ended
    );
  }, SAMPLE_EVERY_MS);
}

/** The numbers that the process reports about itself. */
function takeLogged({ events }: PipelineProcess): void {
  for (const { event, at, heap_bytes, code_bytes, external_bytes, timers, resources } of events) {
    if (event !== 'memory') continue;
    const data = Number(heap_bytes) - Number(code_bytes);
    series.code.samples.push({ at: Number(at), value: Number(code_bytes) / MEBIBYTE });
    series.data.samples.push({ at: Number(at), value: data / MEBIBYTE });
    series.heap.samples.push({ at: Number(at), value: Number(heap_bytes) / MEBIBYTE });
    series.external.samples.push({ at: Number(at), value: Number(external_bytes) / MEBIBYTE });
    series.timers.samples.push({ at: Number(at), value: Number(timers) });
    series.resources.samples.push({ at: Number(at), value: Number(resources) });
  }
}

/** Prints a row for each series; returns those that grow. */
function growth(): string[] {
  console.log(
    'Theil–Sen slope over all pairs of samples after the first quarter of the run. Flat: the 95 % interval of the ' +
      'slope contains zero or a fall',
  );
  const grown: string[] = [];
  for (const [name, { unit, samples }] of Object.entries(series)) {
    const warm = samples.slice(Math.floor(samples.length * WARM_UP_SHARE));
    const slope = slopeOf(warm.map(({ at, value }) => ({ at: at / 3_600_000, value })));
    const flat = isFlat(slope);
    const text = `${name.padEnd(10)} ${slopeText(slope, unit, 'hour')}`;
    const isJudged = JUDGED.some((judged) => judged === name);
    console.log(`${text}: ${flat ? 'flat' : isJudged ? 'GROWS' : 'grows (not judged)'}`);
    if (!flat && isJudged) grown.push(`${name} grows: ${text}`);
  }
  return grown;
}
