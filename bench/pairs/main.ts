/**
 * Runs two checkouts of this project in turn on the same load at one fixed rate, and prints the ratios of their CPU a
 * trade and latency. A fixed rate shows smaller differences than the ramp of `make bench`. Both checkouts need their
 * packages. `node bench/pairs/main.ts --against DIR`, with --runs N (5), --rate N (100000 trades a second), --only
 * PROGRAM,PROGRAM, --keep DIR (configurations and logs stay there).
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { at } from '../../src/domain/at.ts';
import { startBroker } from '../../testing/kafka/kafka-broker.ts';
import { startChild } from '../child.ts';
import { median, untilFirstTrade, WARM_UP_RATE } from '../measure.ts';
import { mainThreadSecondsOf } from '../process-usage.ts';
import {
  isOurs,
  linesOf,
  PARTITIONS,
  PROGRAMS,
  type ProgramSetup,
  prepareProgram,
  SMALL_LOGS,
  startProgram,
  topicOf,
} from '../programs.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');
const QUANTITIES = ['cpu', 'mainThread', 'p50', 'p99'] as const;
/** 97.5 % quantiles of Student's t distribution for 1, 2, 3 … degrees of freedom. */
const T_QUANTILES = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26];
const WARM_UP_MS = 6000;
const SETTLE_MS = 2500;
const MEASURE_MS = 8000;

interface Measurement {
  /** Microseconds of CPU a trade, of the process and of its main thread. */
  readonly cpu: number;
  readonly mainThread: number;
  /** Milliseconds, from the simulator's send to the consumer. */
  readonly p50: number;
  readonly p99: number;
}

const { values: flags } = parseArgs({
  options: {
    against: { type: 'string' },
    runs: { type: 'string', default: '5' },
    rate: { type: 'string', default: '100000' },
    only: { type: 'string', default: PROGRAMS.filter(isOurs).join(',') },
    keep: { type: 'string' },
  },
});
if (flags.against === undefined) throw new Error('--against DIR: the checkout to compare with');
const runs = Number(flags.runs);
const rate = Number(flags.rate);
const checkouts = { before: resolve(flags.against), after: REPOSITORY };

const folder = flags.keep ?? (await mkdtemp(join(tmpdir(), 'market-feed-pairs-')));
await mkdir(folder, { recursive: true });
const broker = await startBroker({ config: SMALL_LOGS, isForLong: true });
const load = startChild(join(import.meta.dirname, '..', 'load.ts'));
let runNumber = 0;
try {
  for (const name of flags.only.split(',')) await compare(name);
} finally {
  await load.end();
  await broker.close();
}
if (flags.keep === undefined) await rm(folder, { recursive: true, force: true });

async function compare(name: string): Promise<void> {
  const measured: Record<keyof typeof checkouts, Measurement[]> = { before: [], after: [] };
  for (let round = 0; round < runs; round++) {
    // The order alternates, because the machine's speed drifts.
    const order = round % 2 === 0 ? (['before', 'after'] as const) : (['after', 'before'] as const);
    for (const side of order) measured[side].push(await run(name, checkouts[side]));
  }
  const { before, after } = measured;
  for (const quantity of QUANTITIES) {
    const was = before.map((measurement) => measurement[quantity]);
    const is = after.map((measurement) => measurement[quantity]);
    const ratios = is.map((value, round) => value / at(was, round));
    const medians = `${median(was).toFixed(2)} to ${median(is).toFixed(2)}`;
    console.log(`${name}, ${quantity}: ${medians}, ratio ${median(ratios).toFixed(3)} (${intervalOf(ratios)})`);
  }
}

/** The 95 % interval of the mean. */
function intervalOf(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const half = (T_QUANTILES[values.length - 2] ?? 2) * Math.sqrt(variance / values.length);
  return `${(mean - half).toFixed(3)} to ${(mean + half).toFixed(3)}`;
}

async function run(name: string, checkout: string): Promise<Measurement> {
  const address = await load.ask<ProgramSetup['address']>('address');
  const prefix = `${name}-${++runNumber}.`;
  const setup = { address, broker: broker.brokers[0] as string, prefix, folder, checkout };
  await prepareProgram(name, setup);
  const schema = join(checkout, 'schemas', 'trade-event.avsc');
  const reads = [setup.broker, topicOf(setup), `${PARTITIONS}`, schema];
  const consumer = startChild(join(import.meta.dirname, '..', 'consumer.ts'), reads);
  const subject = await startProgram(name, setup);
  try {
    await untilFirstTrade({ load, consumer, lines: linesOf(name) });
    await load.ask('rate', WARM_UP_RATE);
    await delay(WARM_UP_MS);
    await load.ask('rate', rate);
    await delay(SETTLE_MS);
    const readCpu = async () => {
      const { user, system } = await mainThreadSecondsOf(subject.pid);
      const { received } = await consumer.ask<{ received: number }>('counts');
      return { all: await subject.cpuSeconds(), main: user + system, received };
    };
    const start = await readCpu();
    await consumer.ask('collect');
    await delay(MEASURE_MS);
    const [p50 = Number.NaN, p99 = Number.NaN] = await consumer.ask<number[]>('latencies', [0.5, 0.99]);
    const end = await readCpu();
    const perTrade = (seconds: number): number => (seconds / (end.received - start.received)) * 1e6;
    const measurement = { cpu: perTrade(end.all - start.all), mainThread: perTrade(end.main - start.main), p50, p99 };
    console.log(
      `${name} of ${checkout}: ${QUANTITIES.map((quantity) => `${quantity} ${measurement[quantity].toFixed(2)}`).join(', ')}`,
    );
    return measurement;
  } finally {
    await load.ask('rate', 0);
    await subject.stop();
    await consumer.end();
  }
}
