/**
 * Measures the cost of a symbol: the same trades a second over 20 symbols and over 2,000, in turn, on one instance with
 * `coins: { all: true }` and files. ARGS: --rate N (20000), --seconds N measured in a turn (20), --rounds N (2),
 * --lines N (2), --channels trade,ticker, --few N (20), --many N (2000), --gateway, --minutes N (0: how long it follows
 * the memory with 2,000 symbols afterwards), --keep DIR.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { VENUE_IDS } from '../../src/domain/instrument.ts';
import type { SimulatedCounts } from '../../src/simulator/venue-site.ts';
import { type SimulatorAddress, simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { PipelineProcess } from '../../testing/processes/pipeline-process.ts';
import { type Child, startChild } from '../child.ts';
import { median } from '../measure.ts';
import { reportPart, type TargetResult } from '../part.ts';
import { cpuSecondsOf, memoryOf } from '../process-usage.ts';
import { LAYERS_NOTE, layersTable, ProfiledProcess } from '../profile/layers.ts';
import { isFlat, type Sample, slopeOf, slopeText } from '../slope.ts';

const VENUE = 'binance';
const WARM_UP_MS = 10_000;
const PROFILE_SECONDS = 8;
/**
 * The share of the trades made that must be published. It is below 1, because trades are in flight when a turn begins
 * or ends.
 */
const MIN_PUBLISHED = 0.97;
const MEBIBYTE = 2 ** 20;

const { values: flags } = parseArgs({
  options: {
    rate: { type: 'string', default: '20000' },
    seconds: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '2' },
    lines: { type: 'string', default: '2' },
    channels: { type: 'string', default: 'trade,ticker' },
    few: { type: 'string', default: '20' },
    many: { type: 'string', default: '2000' },
    gateway: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '0' },
    keep: { type: 'string' },
  },
});
const rate = Number(flags.rate);
const few = Number(flags.few);
const many = Number(flags.many);
const folder = flags.keep ?? (await mkdtemp(join(tmpdir(), 'market-feed-symbols-')));
await mkdir(folder, { recursive: true });

interface Turn {
  readonly cpuMicros: number;
  readonly madePerSecond: number;
  /** Share of the trades made during the turn that was published. */
  readonly published: number;
  readonly residentMiB: number;
  readonly connections: number;
}

const turns: Record<'few' | 'many', Turn[]> = { few: [], many: [] };
for (let round = 1; round <= Number(flags.rounds); round++) {
  for (const [name, symbols] of [
    ['few', few],
    ['many', many],
  ] as const) {
    const { result, published } = await withFeed(symbols, `${name}${round}`, [], measure);
    const turn = { ...result, published };
    turns[name].push(turn);
    console.log(
      `${symbols} symbols, round ${round}: ${turn.cpuMicros.toFixed(1)} µs CPU a trade at ${Math.round(turn.madePerSecond)} trades/s, ` +
        `${(turn.published * 100).toFixed(1)} % of them published, ${Math.round(turn.residentMiB)} MiB, ${turn.connections} connections`,
    );
  }
}
const targets: TargetResult[] = [];
if (Number(flags.minutes) > 0) {
  const { result: flat, published, made, rate } = await withFeed(many, 'memory', probeFlags(), followMemory);
  console.log(`${(published * 100).toFixed(1)} % of ${made} trades published, made at ${Math.round(rate)} a second`);
  targets.push({ measured: `heap with ${many} symbols`, found: flat ? 'flat' : 'grows', target: 'flat', met: flat });
}
if (flags.keep === undefined) await rm(folder, { recursive: true, force: true });
const profiles =
  turns.few.length === 0 ? {} : { few: await profile(few, 'profile-few'), many: await profile(many, 'profile-many') };
const columns = (['few', 'many'] as const).flatMap((name) => {
  const last = profiles[name];
  return last === undefined ? [] : [{ title: `${name === 'few' ? few : many} symbols`, ...last }];
});
const text = (['few', 'many'] as const).map((name) => {
  const middle = (of: (turn: Turn) => number): string => median(turns[name].map(of)).toFixed(1);
  return `| ${name === 'few' ? few : many} | ${middle((turn) => turn.cpuMicros)} | ${middle((turn) => turn.residentMiB)} |`;
});
await reportPart({
  title: 'Many symbols',
  text: [
    `${rate} trades/s over ${flags.lines} lines into files, channels ${flags.channels}: \`node bench/symbols/main.ts\`.`,
    '',
    ...['| symbols | CPU of a trade, µs | resident memory, MiB |', '| --- | --: | --: |', ...text],
    ...(Number(flags.rounds) === 0 ? [] : ['', ratioOfCpu()]),
    ...(columns.length === 0
      ? []
      : [
          '',
          layersTable(columns),
          '',
          `${LAYERS_NOTE}\nThe two tables are from separate runs of \`node bench/symbols/main.ts\`.`,
        ]),
  ].join('\n'),
  targets,
});

function ratioOfCpu(): string {
  const ratio =
    median(turns.many.map(({ cpuMicros }) => cpuMicros)) / median(turns.few.map(({ cpuMicros }) => cpuMicros));
  // The cost of trades that were not published is unknown, so the ratio would mean nothing.
  return [...turns.few, ...turns.many].every(({ published }) => published >= MIN_PUBLISHED)
    ? `With ${many} symbols, a trade costs ${ratio.toFixed(2)} times as much CPU as with ${few}.`
    : 'Not all trades were published, so the CPU cannot be compared: use a lower --rate, or bench/symbols/virtual.ts.';
}

interface Running {
  readonly feed: PipelineProcess;
  readonly simulator: Child;
  readonly profiled: ProfiledProcess;
  made(): Promise<number>;
}

/** Profiles in a turn of its own, because a profile adds to the CPU. */
async function profile(symbols: number, name: string): Promise<Awaited<ReturnType<ProfiledProcess['layers']>>> {
  const { result } = await withFeed(symbols, name, [], async ({ feed, made, profiled }) => {
    await delay(WARM_UP_MS);
    return profiled.layers(feed.pid, PROFILE_SECONDS * 1000, made);
  });
  return result;
}

async function measure({ feed, made, simulator }: Running): Promise<Omit<Turn, 'published'>> {
  await delay(WARM_UP_MS);
  const [cpuBefore, madeBefore, from] = [await cpuSecondsOf(feed.pid), await made(), performance.now()];
  await delay(Number(flags.seconds) * 1000);
  const trades = (await made()) - madeBefore;
  const seconds = (performance.now() - from) / 1000;
  const cpu = (await cpuSecondsOf(feed.pid)) - cpuBefore;
  const { now: residentMiB } = await memoryOf(feed.pid);
  const connections = (await simulator.ask<Record<string, SimulatedCounts>>('counts'))[VENUE]?.connections ?? 0;
  return {
    cpuMicros: (cpu / trades) * 1e6,
    madePerSecond: trades / seconds,
    residentMiB,
    connections,
  };
}

/** Follows the heap after a garbage collection for `--minutes`. Returns true if it does not grow. */
async function followMemory({ feed }: Running): Promise<boolean> {
  await delay(Number(flags.minutes) * 60_000);
  const samples = feed.events.flatMap(({ event, at, heap_bytes }): Sample[] =>
    event === 'memory' ? [{ at: Number(at) / 60_000, value: Number(heap_bytes) / MEBIBYTE }] : [],
  );
  // The first third of the run is the warm-up, in which histories fill. It does not count.
  const slope = slopeOf(samples.slice(Math.floor(samples.length / 3)));
  const flatness = isFlat(slope);
  console.log(
    `${many} symbols for ${flags.minutes} minutes, heap after a collection: ${slopeText(slope, 'MiB', 'minute')}`,
  );
  return flatness;
}

function probeFlags(): readonly string[] {
  return ['--expose-gc', '--import', join(import.meta.dirname, '..', 'faults', 'probe-memory.ts')];
}

/** Starts a simulator and a feed with `symbols` symbols, and calls `work` when the lines are up. */
async function withFeed<T>(
  symbols: number,
  name: string,
  nodeArgs: readonly string[],
  work: (running: Running) => Promise<T>,
): Promise<{ readonly result: T; readonly published: number; readonly made: number; readonly rate: number }> {
  const own = join(folder, name);
  await rm(own, { recursive: true, force: true });
  await mkdir(own, { recursive: true });
  const rates = Object.fromEntries(VENUE_IDS.map((id) => [id, id === VENUE ? rate : 0]));
  const simulator = startChild(join(import.meta.dirname, '..', 'faults', 'venues.ts'), [
    JSON.stringify({ rate: rates, symbols }),
  ]);
  const made = async () => (await simulator.ask<Record<string, SimulatedCounts>>('counts'))[VENUE]?.tradesMade ?? 0;
  let feed: PipelineProcess | undefined;
  try {
    const config = join(own, 'market-feed.yaml');
    await writeFile(config, JSON.stringify(configuration(await simulator.ask<SimulatorAddress>('address'), own)));
    const environment = process.env.BENCH_NODE_ARGS?.split(' ') ?? [];
    const profiled = new ProfiledProcess(own, name);
    feed = new PipelineProcess({
      config,
      logFile: join(own, 'log'),
      nodeArgs: [...environment, ...nodeArgs, ...profiled.flags],
      environment: profiled.environment,
    });
    const running = feed;
    await feed.until(() => running.linesUp(VENUE) >= Number(flags.lines), 'the lines are up', 30_000);
    const [from, madeBefore] = [performance.now(), await made()];
    const result = await work({ feed, simulator, profiled, made });
    const [madeMeanwhile, seconds] = [(await made()) - madeBefore, (performance.now() - from) / 1000];
    await feed.stop();
    const counts = feed.events.findLast(({ event }) => event === 'status')?.counts as { trades?: number } | undefined;
    const published = (counts?.trades ?? 0) / madeMeanwhile;
    return { result, published, made: madeMeanwhile, rate: madeMeanwhile / seconds };
  } finally {
    await feed?.kill();
    await simulator.end();
    await rm(join(own, 'data'), { recursive: true, force: true });
  }
}

function configuration(address: SimulatorAddress, own: string): object {
  const base = simulatedValues(address, {
    feed: { venues: [VENUE], channels: flags.channels.split(',') },
    venue: { lines: Number(flags.lines) },
    file: { dir: join(own, 'data') },
  });
  return {
    ...base,
    coins: { all: true },
    spill: { dir: join(own, 'spill') },
    gateway: { enabled: flags.gateway, port: 0 },
  };
}
