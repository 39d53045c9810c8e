import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../testing/tools/until.ts';
import type { Child } from './child.ts';
import { machineCpuSeconds } from './process-figures.ts';
import type { Subject } from './subject.ts';

/** How long everything takes, milliseconds. */
export interface Pace {
  readonly warmUpMs: number;
  readonly latencyMs: number;
  /** Of a step of the ramp: before it counts, and while it does. */
  readonly settleMs: number;
  readonly holdMs: number;
  /** Steps between the highest rate that held and the lowest that did not. */
  readonly refinements: number;
}

/** One program, measured once. */
export interface Figures {
  /** Highest rate held, trades a second. */
  readonly sustained: number;
  /** Trades a second that came out while it was sent more than it holds; NaN where it held all. */
  readonly overloaded: number;
  /** True where even the highest rate asked for was held. */
  readonly topReached: boolean;
  /** Microseconds of CPU a trade, at the highest rate held and at the low rate. */
  readonly cpuAtBest: number;
  readonly cpuAtLow: number;
  /** That of all else on the machine at the highest rate held: simulator, broker, consumer. */
  readonly othersAtBest: number;
  /** Milliseconds at the low rate, from the simulator's send to the consumer. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** MiB resident at the low rate, and at the highest ever. */
  readonly memoryAtLow: number;
  readonly memoryPeak: number;
  readonly sent: number;
  /** Of the trades sent: never seen by the consumer; seen again, or behind a later one. */
  readonly lost: number;
  readonly repeated: number;
}

export interface Parties {
  readonly load: Child;
  readonly consumer: Child;
  readonly subject: Subject;
  /** How many connections it takes the trades by. */
  readonly lines: number;
  /** Where the ramp begins, trades a second. */
  readonly firstStep: number;
  readonly log: (line: string) => void;
}

export const LOW_RATE = 2000;
/** A connection that is open may not have subscribed yet. */
const SUBSCRIBED_MS = 1000;
export const WARM_UP_RATE = 10_000;
const STEP_FACTOR = 1.5;
const TOP_RATE = 400_000;
/** Trades under way for longer than this share of a second are a backlog, not a batch. */
const MAX_BACKLOG_SECONDS = 0.25;
/** What the time under way may grow by between the first and the last third of a hold. */
const MAX_GROWTH_SECONDS = 0.05;
const HOPELESS_BACKLOG_SECONDS = 1;
const LOOK_EVERY_MS = 100;

interface Look {
  readonly at: number;
  readonly sent: number;
  readonly received: number;
}

/** Latency and cost at a low rate, then the highest rate that is held; all that was sent is accounted for at the end. */
export async function measure(parties: Parties, pace: Pace): Promise<Figures> {
  const { load, consumer, subject, log } = parties;
  // What is made before is sent to nobody.
  await until(async () => (await load.ask<number>('lines')) === parties.lines, {
    timeoutMs: 30_000,
    message: 'the lines are subscribed',
  });
  await delay(SUBSCRIBED_MS);
  const sentBefore = await load.ask<number>('sent');
  await load.ask('rate', 200);
  await until(async () => (await look(parties)).received > 0, {
    timeoutMs: 30_000,
    message: 'the first trade arrives',
  });
  await load.ask('rate', Math.min(WARM_UP_RATE, parties.firstStep / 2));
  await delay(pace.warmUpMs);
  await calm(parties, sentBefore);
  await load.ask('rate', LOW_RATE);

  const low = await atLowRate(parties, pace);
  const memoryAtLow = (await subject.memory()).now;
  log(`  ${LOW_RATE}/s: p50 ${low.p50.toFixed(2)}, p99 ${low.p99.toFixed(1)} ms, ${low.cpu.toFixed(0)} µs CPU a trade`);

  await calm(parties, sentBefore);
  const best = await ramp(parties, pace, sentBefore);
  await load.ask('rate', 0);
  await drained(parties, sentBefore, 0);
  const sent = await load.ask<number>('sent');
  const { received, repeated } = await consumer.ask<{ received: number; repeated: number }>('counts');
  return {
    sustained: best.rate,
    overloaded: median(best.overloads),
    topReached: best.rate >= TOP_RATE,
    cpuAtBest: best.cpu,
    cpuAtLow: low.cpu,
    othersAtBest: best.others,
    p50: low.p50,
    p99: low.p99,
    p999: low.p999,
    memoryAtLow,
    memoryPeak: (await subject.memory()).peak,
    sent: sent - sentBefore,
    lost: sent - sentBefore - received,
    repeated,
  };
}

async function atLowRate(parties: Parties, { latencyMs }: Pace) {
  const { consumer, subject } = parties;
  const before = await look(parties);
  const cpuBefore = await subject.cpuSeconds();
  await consumer.ask('collect');
  await delay(latencyMs);
  const shares = [0.5, 0.99, 0.999];
  const [p50 = Number.NaN, p99 = Number.NaN, p999 = Number.NaN] = await consumer.ask<number[]>('latencies', shares);
  const cpu = await subject.cpuSeconds();
  const { received } = await look(parties);
  return { p50, p99, p999, cpu: ((cpu - cpuBefore) / (received - before.received)) * 1e6 };
}

/** The highest rate that was held, and microseconds of CPU a trade at it: the program's, and that of all else. */
interface Best {
  readonly rate: number;
  readonly cpu: number;
  readonly others: number;
  /** Trades a second that came out at each rate that was not held. */
  readonly overloads: readonly number[];
}

/**
 * Up in large steps until one is not held, then halves of the way between. One that is not held is tried again: a machine
 * that stands still for a moment is no limit of the program.
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
      await calm(parties, sentBefore);
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
  const secondsUnderWay = ({ sent, received }: Look) => (sent - sentBefore - received) / rate;
  await load.ask('rate', rate);
  await delay(settleMs);
  const cpuBefore = await subject.cpuSeconds();
  const machineBefore = await machineCpuSeconds();
  const looks = [await look(parties)];
  const first = looks[0] as Look;
  let last = first;
  while (last.at - first.at < holdMs && secondsUnderWay(last) < HOPELESS_BACKLOG_SECONDS) {
    await delay(LOOK_EVERY_MS);
    last = await look(parties);
    looks.push(last);
  }
  const perTrade = (seconds: number) => (seconds / (last.received - first.received)) * 1e6;
  const cpu = perTrade((await subject.cpuSeconds()) - cpuBefore);
  const others = perTrade((await machineCpuSeconds()) - machineBefore) - cpu;
  const seconds = (last.at - first.at) / 1000;
  const third = Math.ceil(looks.length / 3);
  const early = median(looks.slice(0, third).map(secondsUnderWay));
  const late = median(looks.slice(-third).map(secondsUnderWay));
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

/** A tenth of a second's trades at the low rate: nothing waits any more. */
const HARDLY_ANY = LOW_RATE / 10;

/** Goes back to a rate that every program holds, until nothing waits any more. */
async function calm(parties: Parties, sentBefore: number): Promise<void> {
  await parties.load.ask('rate', Math.min(LOW_RATE, parties.firstStep / 4));
  await drained(parties, sentBefore);
}

/** Waits until no more than `left` trades are under way; where that does not come, the rest is lost, and counted as such. */
async function drained(parties: Parties, sentBefore: number, left = HARDLY_ANY): Promise<void> {
  let last = -1;
  let since = performance.now();
  await until(
    async () => {
      const { sent, received } = await look(parties);
      if (received !== last) since = performance.now();
      last = received;
      return sent - sentBefore - received <= left || performance.now() - since > 3000;
    },
    { timeoutMs: 60_000, everyMs: LOOK_EVERY_MS, message: 'what was sent arrives' },
  );
}

async function look({ load, consumer }: Parties): Promise<Look> {
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
