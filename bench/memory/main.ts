/**
 * Measures the memory of an undisturbed pipeline: 20 coins, every kind of channel (candles only of one minute), 2,000
 * trades a second over two lines, into a broker, without a gateway: `node bench/memory/main.ts`. Flags: --minutes N
 * (10), --client kafkajs|platformatic (kafkajs), --lines N (2), --keep DIR.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Channel, VENUE_IDS } from '../../src/domain/instrument.ts';
import { type SimulatorAddress, simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { startBroker } from '../../testing/kafka/kafka-broker.ts';
import { PipelineProcess } from '../../testing/processes/pipeline-process.ts';
import { startChild } from '../child.ts';
import { reportPart, type TargetResult } from '../part.ts';
import { memoryOf } from '../process-usage.ts';
import { SMALL_LOGS } from '../programs.ts';
import { isFlat, type Sample, slopeOf } from '../slope.ts';

const VENUE = 'binance';
const RATE = 2000;
const COINS = 20;
const CHANNELS: readonly Channel[] = [
  'trade',
  'agg_trade',
  'ticker',
  'mini_ticker',
  'book_ticker',
  'kline_1m',
  'depth',
];
const MAX_MIB = 150;
const SAMPLE_EVERY_MS = 2000;
/** Share of the run that counts as warm-up: code is compiled, histories fill. */
const WARM_UP_SHARE = 1 / 3;

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    client: { type: 'string', default: 'kafkajs' },
    lines: { type: 'string', default: '2' },
    keep: { type: 'string' },
  },
});
const lines = Number(flags.lines);
const folder = flags.keep ?? (await mkdtemp(join(tmpdir(), 'market-feed-memory-')));
await mkdir(folder, { recursive: true });
const broker = await startBroker({ config: SMALL_LOGS, isForLong: true });
const rates = Object.fromEntries(VENUE_IDS.map((id) => [id, id === VENUE ? RATE : 0]));
const simulator = startChild(join(import.meta.dirname, '..', 'faults', 'venues.ts'), [
  JSON.stringify({ rate: rates, symbols: COINS }),
]);
const samples: Sample[] = [];
let feed: PipelineProcess | undefined;
let delivered = 0;
try {
  const config = join(folder, 'market-feed.yaml');
  await writeFile(config, JSON.stringify(configuration(await simulator.ask<SimulatorAddress>('address'))));
  const nodeArgs = (process.env.BENCH_NODE_ARGS ?? '').split(' ').filter((flag) => flag !== '');
  feed = new PipelineProcess({ config, logFile: join(folder, 'log'), nodeArgs });
  const { pid, linesUp } = { pid: feed.pid, linesUp: () => feed?.linesUp(VENUE) ?? 0 };
  await feed.until(() => linesUp() >= lines, 'the lines are up', 30_000);
  const until = performance.now() + Number(flags.minutes) * 60_000;
  while (performance.now() < until && feed.running) {
    await delay(SAMPLE_EVERY_MS);
    samples.push({ at: performance.now() / 60_000, value: (await memoryOf(pid)).now });
  }
  const code = await feed.stop();
  if (code !== 0) throw new Error(`the pipeline ended with exit code ${code}; log: ${folder}`);
  const counts = feed.events.findLast(({ event }) => event === 'status')?.counts as { trades?: number } | undefined;
  delivered = counts?.trades ?? 0;
} finally {
  await feed?.kill();
  await simulator.end();
  await broker.close();
}
if (flags.keep === undefined) await rm(folder, { recursive: true, force: true });

const slope = slopeOf(samples.slice(Math.floor(samples.length * WARM_UP_SHARE)));
const growth = (mebibytes: number) => `${mebibytes.toPrecision(3)} MiB`;
const highest = Math.max(...samples.map(({ value }) => value));
const what = `${COINS} coins, ${CHANNELS.length} channels, ${lines} lines, ${flags.minutes} minutes at ${RATE} trades/s, ${flags.client}`;
const targets: readonly TargetResult[] = [
  {
    measured: `highest resident memory in ${flags.minutes} minutes, MiB`,
    found: highest.toFixed(0),
    target: `≤ ${MAX_MIB}`,
    met: highest <= MAX_MIB,
  },
  {
    measured: `growth of the resident memory in ${flags.minutes} minutes`,
    found: `${growth(slope.median)} a minute`,
    target: 'none',
    met: isFlat(slope),
  },
];
await reportPart({
  title: 'Memory',
  text: [
    `${what}: \`node bench/memory/main.ts\`. ${delivered.toLocaleString('en-US')} trades were published.`,
    '',
    '| resident memory | value |',
    '| --- | --: |',
    `| highest | ${highest.toFixed(0)} MiB |`,
    `| median | ${slope.level.toFixed(1)} MiB |`,
    `| growth a minute | ${growth(slope.median)} |`,
    `| 95 % interval of the growth a minute | ${growth(slope.low)} to ${growth(slope.high)} |`,
    '',
    `Median and growth are from ${slope.samples} samples, without the first third of the run.`,
  ].join('\n'),
  targets,
});

function configuration(address: SimulatorAddress): object {
  return {
    ...simulatedValues(address, { feed: { venues: [VENUE], channels: CHANNELS }, venue: { lines } }),
    coins: join(import.meta.dirname, '..', '..', 'config', 'coins.json'),
    sinks: ['kafka'],
    kafka: { client: flags.client, brokers: broker.brokers, partitions: 4 },
    spill: { dir: join(folder, 'spill') },
    gateway: { enabled: false },
  };
}
