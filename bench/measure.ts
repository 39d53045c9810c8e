/** Measures one program of `make bench`: its latency and CPU at a low rate, and the highest rate that it holds. */
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../testing/tools/until.ts';
import type { Child } from './child.ts';
import { machineCpuSeconds } from './process-usage.ts';
import type { Subject } from './subject.ts';

/** Durations of the steps of a measurement, milliseconds. */
export interface Pace {
  /** Time from the first trade at the everyday rate, and then at the quiet rate. */
  readonly everydayMs: number;
  readonly quietMs: number;
  /** Time before a step of the ramp is measured. */
  readonly settleMs: number;
  /** Time for which a step of the ramp is measured. */
  readonly holdMs: number;
  /** Number of steps between the highest rate that was held and the lowest that was not. */
  readonly refinements: number;
}

/** Results of one program in one run. */
export interface Measurement {
  /** Highest rate that the program held, trades a second. */
  readonly sustained: number;
  /** Median of the trades a second that came out at the rates that it did not hold; NaN if it held all. */
  readonly overloaded: number;
  /** True if it held even the highest rate of the ramp. */
  readonly topReached: boolean;
  /** Microseconds of CPU a trade at the highest rate held. */
  readonly cpuAtBest: number;
  /** Microseconds of CPU a trade of everything else (simulator, broker, consumer), at the highest rate held. */
  readonly othersAtBest: number;
  /** From the start of the process on. */
  readonly everyday: AtRate;
  /** Microseconds of CPU a trade in the last third of the time at the everyday rate. */
  readonly warmCpu: number;
  readonly quiet: AtRate;
  /** Resident memory after the time at these two rates, and its peak over the whole run, MiB. */
  readonly memoryAtLow: number;
  readonly memoryPeak: number;
  readonly sent: number;
  /** Trades that were sent and never reached the consumer. */
  readonly lost: number;
  /** Trades that reached the consumer twice, or after a later trade. */
  readonly repeated: number;
}

/** Latency and CPU at a rate that every program holds. */
export interface AtRate {
  /** Microseconds of CPU a trade. */
  readonly cpu: number;
  /** Milliseconds from the simulator's send to the consumer. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

export interface Parties {
  readonly load: Child;
  readonly consumer: Child;
  readonly subject: Subject;
  /** Number of connections over which the program receives the trades. */
  readonly lines: number;
  /** First rate of the ramp, trades a second. */
  readonly firstStep: number;
  readonly log: (line: string) => void;
}

/** Trades a second. */
export const LOW_RATE = 2000;
export const QUIET_RATE = 100;
/** Time that an open connection may need to subscribe. */
const SUBSCRIBED_MS = 1000;
export const WARM_UP_RATE = 10_000;
/** Time at the rate above, before the ramp. */
const WARM_UP_MS = 4000;
const STEP_FACTOR = 1.5;
const TOP_RATE = 400_000;
/** A rate is held only if at most this many seconds of trades are in flight at the end. More are a backlog. */
const MAX_BACKLOG_SECONDS = 0.25;
/**
 * A rate is held only if the trades in flight grow by at most this many seconds of trades, from the first to the last
 * third of a step.
 */
const MAX_GROWTH_SECONDS = 0.05;
const HOPELESS_BACKLOG_SECONDS = 1;
const SAMPLE_EVERY_MS = 100;

/** How many trades were sent and received by a moment. */
interface Counts {
  readonly at: number;
  readonly sent: number;
  readonly received: number;
}

/**
 * Measures latency and CPU at low rates, with the start of the process, then finds the highest rate that the program
 * holds. At the end, every trade sent counts as received or lost.
 */
export async function measure(parties: Parties, pace: Pace): Promise<Measurement> {
  const { load, consumer, subject, log } = parties;
  const sentBefore = await untilSubscribed(parties);
  await consumer.ask('collect');
  await load.ask('rate', LOW_RATE);
  await delay((pace.everydayMs * 2) / 3);
  const warm = await workOf(parties);
  const everyday = await atRate(parties, pace.everydayMs / 3, { cpuSeconds: 0, received: 0 });
  const warmCpu = cpuOfTrade(warm, await workOf(parties));
  log(`  from its start at ${LOW_RATE}/s: ${textOf(everyday)}, warm ${warmCpu.toFixed(0)} µs`);
  await load.ask('rate', QUIET_RATE);
  const before = await workOf(parties);
  await consumer.ask('collect');
  const quiet = await atRate(parties, pace.quietMs, before);
  const memoryAtLow = (await subject.memory()).now;
  log(`  ${QUIET_RATE}/s: ${textOf(quiet)}`);

  await load.ask('rate', Math.min(WARM_UP_RATE, parties.firstStep / 2));
  await delay(WARM_UP_MS);
  await clearBacklog(parties, sentBefore);
  const best = await ramp(parties, pace, sentBefore);
  await load.ask('rate', 0);
  await untilDrained(parties, sentBefore, 0);
  const sent = await load.ask<number>('sent');
  const { received, repeated } = await consumer.ask<{ received: number; repeated: number }>('counts');
  return {
    sustained: best.rate,
    overloaded: median(best.overloads),
    topReached: best.rate >= TOP_RATE,
    cpuAtBest: best.cpu,
    othersAtBest: best.others,
    everyday,
    warmCpu,
    quiet,
    memoryAtLow,
    memoryPeak: (await subject.memory()).peak,
    sent: sent - sentBefore,
    lost: sent - sentBefore - received,
    repeated,
  };
}

/** Waits for the subscriptions. Returns how many trades were sent before. */
async function untilSubscribed({ load, lines }: Pick<Parties, 'load' | 'lines'>): Promise<number> {
  await until(async () => (await load.ask<number>('lines')) === lines, {
    timeoutMs: 30_000,
    message: 'the lines are subscribed',
  });
  await delay(SUBSCRIBED_MS);
  return load.ask<number>('sent');
}

/** Waits for the subscriptions and for the first trade. */
export async function untilFirstTrade(parties: Pick<Parties, 'load' | 'consumer' | 'lines'>): Promise<void> {
  await untilSubscribed(parties);
  await parties.load.ask('rate', 200);
  await until(async () => (await readCounts(parties)).received > 0, {
    timeoutMs: 30_000,
    message: 'the first trade arrives',
  });
}

/** CPU that a program has used, and trades that it has delivered. */
interface Work {
  readonly cpuSeconds: number;
  readonly received: number;
}

async function workOf(parties: Parties): Promise<Work> {
  const cpuSeconds = await parties.subject.cpuSeconds();
  return { cpuSeconds, received: (await readCounts(parties)).received };
}

/** Lets the program run, then measures what it did since `before`, and the latencies since they are collected. */
async function atRate(parties: Parties, ms: number, before: Work): Promise<AtRate> {
  await delay(ms);
  const shares = [0.5, 0.99, 0.999];
  const [p50 = Number.NaN, p99 = Number.NaN, p999 = Number.NaN] = await parties.consumer.ask<number[]>(
    'latencies',
    shares,
  );
  return { cpu: cpuOfTrade(before, await workOf(parties)), p50, p99, p999 };
}

/** Returns microseconds of CPU a trade between two moments. */
function cpuOfTrade(from: Work, to: Work): number {
  return ((to.cpuSeconds - from.cpuSeconds) / (to.received - from.received)) * 1e6;
}

function textOf({ p50, p99, cpu }: AtRate): string {
  return `p50 ${p50.toFixed(2)}, p99 ${p99.toFixed(1)} ms, ${cpu.toFixed(0)} µs CPU a trade`;
}

/** The highest rate that was held, and its microseconds of CPU a trade: the program's, and everything else's. */
interface Best {
  readonly rate: number;
  readonly cpu: number;
  readonly others: number;
  /** Trades a second that came out at each rate that was not held. */
  readonly overloads: readonly number[];
}

/**
 * Raises the rate in large steps until one is not held, then searches between that rate and the last one held. A rate
 * that is not held is tried twice, because the machine may have paused for a moment.
 */
async function ramp(parties: Parties, pace: Pace, sentBefore: number): Promise<Best> {
  const overloads: number[] = [];
  let best: Best = { rate: 0, cpu: Number.NaN, others: Number.NaN, overloads };
  let failed = Number.POSITIVE_INFINITY;
  let refinements = pace.refinements;
  let rate = parties.firstStep;
  const attempt = async () => {
    const step = await hold(parties, pace, rate, sentBefore);
    parties.log(
      `  ${Math.round(rate)}/s ${step.held ? 'held' : `not held (${step.why}, ${Math.round(step.delivered)}/s came out)`}, ${step.cpu.toFixed(1)} µs CPU a trade`,
    );
    if (!step.held) {
      overloads.push(step.delivered);
      await clearBacklog(parties, sentBefore);
    }
    return step;
  };
  while (rate <= TOP_RATE && refinements >= 0) {
    let step = await attempt();
    if (!step.held) step = await attempt();
    if (step.held) best = { ...step, overloads };
    else failed = rate;
    const lowest = step.held ? rate : best.rate;
    if (failed === Number.POSITIVE_INFINITY) rate *= STEP_FACTOR;
    else {
      refinements--;
      rate = lowest === 0 ? rate / STEP_FACTOR : Math.sqrt(lowest * failed);
    }
  }
  return best;
}

async function hold(parties: Parties, { settleMs, holdMs }: Pace, rate: number, sentBefore: number) {
  const { load, subject } = parties;
  const secondsInFlight = ({ sent, received }: Counts) => (sent - sentBefore - received) / rate;
  await load.ask('rate', rate);
  await delay(settleMs);
  const cpuBefore = await subject.cpuSeconds();
  const machineBefore = await machineCpuSeconds();
  const samples = [await readCounts(parties)];
  const first = samples[0] as Counts;
  let last = first;
  while (last.at - first.at < holdMs && secondsInFlight(last) < HOPELESS_BACKLOG_SECONDS) {
    await delay(SAMPLE_EVERY_MS);
    last = await readCounts(parties);
    samples.push(last);
  }
  const perTrade = (seconds: number) => (seconds / (last.received - first.received)) * 1e6;
  const cpu = perTrade((await subject.cpuSeconds()) - cpuBefore);
  const others = perTrade((await machineCpuSeconds()) - machineBefore) - cpu;
  const seconds = (last.at - first.at) / 1000;
  const third = Math.ceil(samples.length / 3);
  const early = median(samples.slice(0, third).map(secondsInFlight));
  const late = median(samples.slice(-third).map(secondsInFlight));
  const offered = (last.sent - first.sent) / seconds;
  const why =
    late > MAX_BACKLOG_SECONDS
      ? `${Math.round(late * 1000)} ms behind`
      : late - early > MAX_GROWTH_SECONDS
        ? 'falls behind'
        : offered < 0.97 * rate
          ? 'the load could not be made'
          : undefined;
  const delivered = (last.received - first.received) / seconds;
  return { held: why === undefined, why, rate: offered, delivered, cpu, others };
}

/** With at most this many trades in flight, no backlog is left: a tenth of a second's trades at the low rate. */
const NO_BACKLOG = LOW_RATE / 10;

/** Lowers the rate to one that every program holds, and waits until no backlog is left. */
async function clearBacklog(parties: Parties, sentBefore: number): Promise<void> {
  await parties.load.ask('rate', Math.min(LOW_RATE, parties.firstStep / 4));
  await untilDrained(parties, sentBefore);
}

/**
 * Waits until at most `left` trades are in flight. If nothing arrives for 3 s, returns anyway: the missing trades count
 * as lost.
 */
async function untilDrained(parties: Parties, sentBefore: number, left = NO_BACKLOG): Promise<void> {
  let last = -1;
  let since = performance.now();
  await until(
    async () => {
      const { sent, received } = await readCounts(parties);
      if (received !== last) since = performance.now();
      last = received;
      return sent - sentBefore - received <= left || performance.now() - since > 3000;
    },
    { timeoutMs: 60_000, everyMs: SAMPLE_EVERY_MS, message: 'what was sent arrives' },
  );
}

async function readCounts({ load, consumer }: Pick<Parties, 'load' | 'consumer'>): Promise<Counts> {
  const [sent, { received }] = await Promise.all([
    load.ask<number>('sent'),
    consumer.ask<{ received: number }>('counts'),
  ]);
  return { at: performance.now(), sent, received };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
