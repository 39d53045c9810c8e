/**
 * Measures the memory of an undisturbed pipeline: 20 coins, every kind of channel (candles only of one minute), 2,000
 * trades a second over two lines, into a broker, without a gateway: `node bench/memory/main.ts`. Flags: --minutes N
 * (10), --client kafkajs|platformatic (kafkajs), --lines N (2), --keep DIR.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Channel, VENUE_IDS } from '../../src/domain/instrument.ts';
import { type SimulatorAddress, simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { startBroker } from '../../testing/kafka/kafka-broker.ts';
import { PipelineProcess } from '../../testing/processes/pipeline-process.ts';
import { startChild } from '../child.ts';
import { reportPart } from '../part.ts';
import { SMALL_LOGS } from '../programs.ts';
import type { Sample } from '../slope.ts';
import { followMemory, memoryPart } from './resident-memory.ts';

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
const MAX_MIB = 120;

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
let samples: readonly Sample[] = [];
let feed: PipelineProcess | undefined;
let delivered = 0;
try {
  const config = join(folder, 'market-feed.yaml');
  await writeFile(config, JSON.stringify(configuration(await simulator.ask<SimulatorAddress>('address'))));
  const nodeArgs = (process.env.BENCH_NODE_ARGS ?? '').split(' ').filter((flag) => flag !== '');
  feed = new PipelineProcess({ config, logFile: join(folder, 'log'), nodeArgs });
  const { pid, linesUp } = { pid: feed.pid, linesUp: () => feed?.linesUp(VENUE) ?? 0 };
  await feed.until(() => linesUp() >= lines, 'the lines are up', 30_000);
  samples = await followMemory(pid, Number(flags.minutes), () => feed?.running === true);
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

const what = `${COINS} coins, ${CHANNELS.length} channels, ${lines} lines, ${flags.minutes} minutes at ${RATE} trades/s, ${flags.client}`;
const text = `${what}: \`node bench/memory/main.ts\`. ${delivered.toLocaleString('en-US')} trades were published.`;
const run = { title: 'Memory', program: 'run', text, minutes: Number(flags.minutes), maxMiB: MAX_MIB };
await reportPart(memoryPart(run, samples));

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
