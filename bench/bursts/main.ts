/**
 * Measures bursts: 2,000 trades a second, then 20,000 for ten seconds, then 2,000 again, with every feature and the
 * gateway on. It shows how soon latency and memory recover, whether trades are lost, and how long the garbage collector
 * and the event loop pause: `node bench/bursts/main.ts`. Flags: --client kafkajs|platformatic (platformatic), --bursts
 * N (3), --keep DIR.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startBroker } from '../../testing/kafka/kafka-broker.ts';
import { freePort } from '../../testing/processes/free-port.ts';
import { PipelineProcess } from '../../testing/processes/pipeline-process.ts';
import { until } from '../../testing/tools/until.ts';
import { startChild } from '../child.ts';
import { median } from '../measure.ts';
import { reportPart, type TargetResult } from '../part.ts';
import { memoryOf } from '../process-usage.ts';
import { PARTITIONS, SMALL_LOGS, schemaFile } from '../programs.ts';

const VENUE = 'binance';
const LOW_RATE = 2000;
const HIGH_RATE = 20_000;
const WARM_UP_MS = 8000;
const CALM_MS = 6000;
const BURST_MS = 10_000;
const INTERVAL_MS = 250;
const RECOVERED_WITHIN_MS = 2000;
const MAX_PAUSE_MS = 10;
/**
 * Limit for the memory after the last burst, divided by the memory after the first. Without a leak, this ratio stays
 * below the limit.
 */
const MAX_GROWTH = 1.1;

const { values: flags } = parseArgs({
  options: {
    client: { type: 'string', default: 'platformatic' },
    bursts: { type: 'string', default: '3' },
    keep: { type: 'string' },
  },
});
const folder = flags.keep ?? (await mkdtemp(join(tmpdir(), 'market-feed-bursts-')));
await mkdir(folder, { recursive: true });
const logFile = join(folder, 'log');
const broker = await startBroker({ config: SMALL_LOGS, isForLong: true });
const load = startChild(join(import.meta.dirname, '..', 'load.ts'));
const reader = [broker.brokers[0] as string, 'market.trades', String(PARTITIONS), schemaFile];
const consumer = startChild(join(import.meta.dirname, '..', 'consumer.ts'), reader);

interface Burst {
  /** Latency before the burst, milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Highest p99 of an interval during the burst, milliseconds. */
  readonly worst: number;
  /** Time after the burst until the latency was as before, milliseconds. */
  readonly recovery: number;
  /** Resident memory before and after the burst, MiB. */
  readonly before: number;
  readonly after: number;
}

const bursts: Burst[] = [];
let lost = Number.NaN;
let repeated = Number.NaN;
let loopDelay = '';
/**
 * When the trades begin, milliseconds since 1970. Earlier pauses of the garbage collector belong to the program's start
 * and do not count.
 */
let begunAt = Number.NaN;
let feed: PipelineProcess | undefined;
try {
  const address = await load.ask<{ webSocket: string; rest: string }>('address');
  const config = join(folder, 'market-feed.yaml');
  const port = await freePort();
  await writeFile(config, configuration(address, port));
  const watch = join(import.meta.dirname, '..', 'watch-pauses.js');
  feed = new PipelineProcess({ config, logFile, nodeArgs: ['--import', watch] });
  const { pid } = feed;
  const linesUp = () => feed?.linesUp(VENUE) ?? 0;
  await feed.until(() => linesUp() >= 1, 'the line is up', 30_000);
  await delay(1000);
  const sentBefore = await load.ask<number>('sent');
  begunAt = Date.now();
  await load.ask('rate', LOW_RATE);
  await delay(WARM_UP_MS);
  for (let number = 0; number < Number(flags.bursts); number++) bursts.push(await burst(pid));
  await load.ask('rate', 0);
  const sent = await load.ask<number>('sent');
  const counts = () => consumer.ask<{ received: number; repeated: number }>('counts');
  await until(async () => (await counts()).received >= sent - sentBefore, {
    timeoutMs: 10_000,
    message: 'all arrive',
  }).catch(() => {});
  const found = await counts();
  lost = sent - sentBefore - found.received;
  repeated = found.repeated;
  loopDelay = await eventLoopDelay(port);
  const code = await feed.stop();
  if (code !== 0) throw new Error(`the pipeline ended with exit code ${code}; log: ${folder}`);
} finally {
  await feed?.kill();
  await consumer.end();
  await load.end();
  await broker.close();
}

const entries = (await readFile(logFile, 'utf8')).split('\n').flatMap((line) => {
  if (!line.includes('"event":"pauses"')) return [];
  const pauses = JSON.parse(line) as { since: number; young: number[]; others: number[] };
  return pauses.since >= begunAt ? [pauses] : [];
});
const [young, others] = [entries.flatMap((each) => each.young), entries.flatMap((each) => each.others)];
const pauses = [...young, ...others];
if (flags.keep === undefined) await rm(folder, { recursive: true, force: true });
pauses.sort((a, b) => a - b);
const pause = pauses[Math.min(pauses.length - 1, Math.floor(pauses.length * 0.999))] ?? Number.NaN;
const recovery = median(bursts.map((each) => each.recovery));
const growth = (bursts.at(-1)?.after ?? Number.NaN) / (bursts[0]?.after ?? Number.NaN);
const targets: readonly TargetResult[] = [
  {
    measured: `time until the latency is normal after a burst of ${BURST_MS / 1000} s at ${HIGH_RATE} trades/s`,
    found: ms(recovery),
    target: `≤ ${ms(RECOVERED_WITHIN_MS)}`,
    met: recovery <= RECOVERED_WITHIN_MS,
  },
  {
    measured: 'trades lost and trades repeated in bursts',
    found: `${lost}, ${repeated}`,
    target: '0, 0',
    met: lost === 0 && repeated === 0,
  },
  {
    measured: `resident memory after burst ${bursts.length}, divided by the memory after burst 1`,
    found: growth.toFixed(2),
    target: `≤ ${MAX_GROWTH}`,
    met: growth <= MAX_GROWTH,
  },
  {
    measured: 'p99.9 of the pauses of the garbage collector in bursts',
    found: ms(pause),
    target: `< ${ms(MAX_PAUSE_MS)}`,
    met: pause < MAX_PAUSE_MS,
  },
];
await reportPart({
  title: 'Bursts',
  text: [
    `${flags.client} with the gateway gets ${LOW_RATE} trades/s, and in each burst ${HIGH_RATE} for ${BURST_MS / 1000} s: \`node bench/bursts/main.ts\`.\nThe latency is normal again when the p50 of each ${INTERVAL_MS} ms is at most the highest p99 of ${INTERVAL_MS} ms before the burst.`,
    '',
    `| burst | p50 before, ms | highest p99 of ${INTERVAL_MS} ms before, ms | highest p99 of ${INTERVAL_MS} ms in the burst, ms | normal again after, ms | memory before, MiB | memory after, MiB |`,
    '| --- | --: | --: | --: | --: | --: | --: |',
    ...bursts.map(
      ({ p50, p99, worst, recovery: back, before, after }, index) =>
        `| ${index + 1} | ${p50.toFixed(2)} | ${p99.toFixed(1)} | ${worst.toFixed(0)} | ${back.toFixed(0)} | ${before.toFixed(0)} | ${after.toFixed(0)} |`,
    ),
    '',
    'Pauses of the main thread by the garbage collector, from the first trade on:',
    '',
    '| pauses | number | longest | p99.9 |',
    '| --- | --: | --: | --: |',
    `| for the young generation | ${young.length} | ${ms(Math.max(0, ...young))} | |`,
    `| all others | ${others.length} | ${ms(Math.max(0, ...others))} | |`,
    `| all | ${pauses.length} | | ${ms(pause)} |`,
    '',
    loopDelay,
  ].join('\n'),
  targets,
});

async function burst(pid: number): Promise<Burst> {
  const calm = await intervals(CALM_MS);
  const p50 = median(calm.map((each) => each.p50));
  const p99 = Math.max(...calm.map((each) => each.p99));
  const before = (await memoryOf(pid)).now;
  await load.ask('rate', HIGH_RATE);
  const during = await intervals(BURST_MS);
  await load.ask('rate', LOW_RATE);
  const after = await intervals(CALM_MS);
  // The latency has recovered when the p50 of every later interval is at most the p99 before the burst.
  const lastBad = after.findLastIndex((each) => !(each.p50 <= p99));
  return {
    p50,
    p99,
    worst: Math.max(...during.map((each) => each.p99)),
    recovery: (lastBad + 1) * INTERVAL_MS,
    before,
    after: (await memoryOf(pid)).now,
  };
}

async function intervals(lengthMs: number): Promise<readonly { readonly p50: number; readonly p99: number }[]> {
  const found: { p50: number; p99: number }[] = [];
  for (let interval = 0; interval < lengthMs / INTERVAL_MS; interval++) {
    await consumer.ask('collect');
    await delay(INTERVAL_MS);
    const [p50 = Number.NaN, p99 = Number.NaN] = await consumer.ask<number[]>('latencies', [0.5, 0.99]);
    found.push({ p50, p99 });
  }
  return found;
}

/** Returns a sentence about the longest delay of the event loop in each second, from the program's metric. */
async function eventLoopDelay(port: number): Promise<string> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const buckets = [...text.matchAll(/^market_feed_event_loop_delay_seconds_bucket\{(.*)\} (\d+)$/gm)].flatMap(
    ([, labels = '', count = '']) => {
      if (!labels.includes('thread="feed"')) return [];
      return [{ le: Number(/le="([^"]+)"/.exec(labels)?.[1]?.replace('+Inf', 'Infinity')), count: Number(count) }];
    },
  );
  const total = buckets.at(-1)?.count ?? 0;
  const below = (share: number) => buckets.find(({ count }) => count >= share * total)?.le ?? Number.NaN;
  return `\`market_feed_event_loop_delay_seconds\` has the longest delay of the event loop in each of ${total} seconds. It was at most ${ms(below(0.5) * 1000)} in half of the seconds, and at most ${ms(below(1) * 1000)} in all.`;
}

function configuration({ webSocket, rest }: { webSocket: string; rest: string }, port: number): string {
  return JSON.stringify({
    coins: join(import.meta.dirname, '..', '..', 'config', 'coins.json'),
    environment: 'simulated',
    feed: { venues: [VENUE], channels: ['trade'], allow_test_data: true },
    venues: { [VENUE]: { websocket_urls: [webSocket], rest_urls: [rest], lines: 1 } },
    sinks: ['kafka'],
    kafka: { client: flags.client, brokers: broker.brokers, partitions: PARTITIONS },
    spill: { dir: join(folder, 'spill') },
    gateway: { port },
  });
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}
