/**
 * Measures healing after an overload: `node bench/healing/main.ts`. The venue makes far more trades than the machine can
 * publish, and refuses REST requests, so that no gap is repaired at once. Then the program stops and starts again. The
 * report shows the missing trades, the time until they are healed, the memory, and the latency of new trades before, meanwhile
 * and afterwards.
 * Flags of the overload: --rate N (260000 trades a second), --seconds N (14). Other flags: --live N (2000 trades a second
 * otherwise), --limit N (600000 of REST weight in a minute, 100 times Binance's), --wait N (900 s for healing).
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startBroker } from '../../testing/kafka/kafka-broker.ts';
import { PipelineProcess } from '../../testing/processes/pipeline-process.ts';
import { startChild } from '../child.ts';
import { median } from '../measure.ts';
import { type Part, reportPart } from '../part.ts';
import { memoryOf } from '../process-usage.ts';
import { PARTITIONS, schemaFile } from '../programs.ts';
import { gapsIn, tradesIn } from './read-topics.ts';

const VENUE = 'binance';
/** Trades of each symbol that the venue's REST returns: more than the overload has. */
const KEPT_TRADES = 2_000_000;
/** How long the latency is measured, milliseconds. */
const MEASURED_MS = 20_000;
/** Gaps of a start are published 10 s after it at the latest. */
const REFUSED_AFTER_START_MS = 15_000;
/** How long the program may take to publish what waits, milliseconds. */
const CAUGHT_UP_WITHIN_MS = 120_000;
const MAX_RISE = 1.2;

const { values: flags } = parseArgs({
  options: {
    rate: { type: 'string', default: '260000' },
    seconds: { type: 'string', default: '14' },
    live: { type: 'string', default: '2000' },
    limit: { type: 'string', default: '600000' },
    wait: { type: 'string', default: '900' },
  },
});
const folder = await mkdtemp(join(tmpdir(), 'market-feed-healing-'));
const config = join(folder, 'market-feed.yaml');
const broker = await startBroker({ isForLong: true });
const load = startChild(join(import.meta.dirname, '..', 'load.ts'), [
  JSON.stringify({ restWeightPerMinute: Number(flags.limit), keptTrades: KEPT_TRADES }),
]);
const [address = ''] = broker.brokers;
const consumer = startChild(join(import.meta.dirname, '..', 'consumer.ts'), [
  ...[address, 'market.trades', String(PARTITIONS), schemaFile],
]);
let feed: PipelineProcess | undefined;
let part: Part | undefined;
try {
  const { webSocket, rest } = await load.ask<{ webSocket: string; rest: string }>('address');
  await writeFile(config, configuration(webSocket, rest));
  feed = await start();
  await load.ask('rate', Number(flags.live));
  await delay(8000);
  const memoryBefore = (await memoryOf(feed.pid)).now;

  await load.ask('refuseRest', Number(flags.seconds) + 300);
  await load.ask('rate', Number(flags.rate));
  await delay(Number(flags.seconds) * 1000);
  await load.ask('rate', Number(flags.live));
  await feed.stop();
  feed = await start();
  await delay(REFUSED_AFTER_START_MS);
  await untilCaughtUp();
  // Right before the healing, so that both measurements have the same load of the machine.
  const normal = await p99();
  await load.ask('serveRest');
  const startedAt = performance.now();
  const { open, p99s } = await untilHealed(startedAt);
  const healedMs = performance.now() - startedAt;
  const again = await p99();
  const healing = median(p99s);
  const memory = (await memoryOf(feed.pid)).peak;
  await load.ask('rate', 0);
  await untilCaughtUp();
  await feed.stop();

  const gaps = [...(await gapsIn(address, 'market.gaps')).values()];
  const missing = gaps.reduce((sum, gap) => sum + (gap.missing ?? 0), 0);
  const [trades, late] = [await tradesIn(address, 'market.trades'), await tradesIn(address, 'market.late-trades')];
  const repeated = trades.repeated + late.repeated + [...late.ids].filter((id) => trades.ids.has(id)).length;
  const made = await load.ask<number>('sent');
  part = {
    title: 'Healing',
    text: [
      '| made | published | missing in gaps | gaps | late trades | open gaps in the end | healed after, s |',
      '| --: | --: | --: | --: | --: | --: | --: |',
      `| ${made} | ${trades.ids.size} | ${missing} | ${gaps.length} | ${late.ids.size} | ${open} | ${(healedMs / 1000).toFixed(0)} |`,
      '',
      '| p99 of the latency before, ms | while it heals, ms | afterwards, ms | memory before, MiB | highest memory while it heals, MiB |',
      '| --: | --: | --: | --: | --: |',
      `| ${normal.toFixed(1)} | ${healing.toFixed(1)} | ${again.toFixed(1)} | ${memoryBefore.toFixed(0)} | ${memory.toFixed(0)} |`,
      '',
      `The p99 while it heals is the median of ${p99s.length} parts of ${MEASURED_MS / 1000} s. The highest is ${Math.max(...p99s).toFixed(1)} ms.`,
    ].join('\n'),
    targets: [
      { measured: 'trades written twice', found: `${repeated}`, target: '0', met: repeated === 0 },
      {
        measured: 'trades that are neither published nor late',
        found: `${made - trades.ids.size - late.ids.size}`,
        target: 'at most those before the first published one',
        met: made - trades.ids.size - late.ids.size <= Number(flags.live),
      },
      {
        measured: 'p99 of the latency while it heals, divided by the normal one',
        found: (healing / normal).toFixed(2),
        target: `≤ ${MAX_RISE}`,
        met: healing <= normal * MAX_RISE,
      },
    ],
  };
} finally {
  await feed?.kill();
  await consumer.end();
  await load.end();
  await broker.close();
  await rm(folder, { recursive: true, force: true });
}
if (part !== undefined) await reportPart(part);

async function start(): Promise<PipelineProcess> {
  const started = new PipelineProcess({ config, logFile: join(folder, 'log') });
  await started.until(() => started.linesUp(VENUE) >= 1, 'the line is up', 60_000);
  return started;
}

/** The p99 of the latency in the next seconds, milliseconds. */
async function p99(): Promise<number> {
  await consumer.ask('collect');
  await delay(MEASURED_MS);
  const [found = Number.NaN] = await consumer.ask<number[]>('latencies', [0.99]);
  return found;
}

/** Waits until no record comes, or comes late. */
async function untilCaughtUp(): Promise<void> {
  const end = performance.now() + CAUGHT_UP_WITHIN_MS;
  for (let slowest = Number.POSITIVE_INFINITY; slowest > 1000 && performance.now() < end; ) {
    await consumer.ask('collect');
    await delay(5000);
    const [found = Number.NaN] = await consumer.ask<number[]>('latencies', [1]);
    slowest = Number.isNaN(found) ? 0 : found;
  }
}

/** Measures until no gap is open. Returns how many are open in the end, and the p99 of each part of the time. */
async function untilHealed(since: number): Promise<{ readonly open: number; readonly p99s: readonly number[] }> {
  const p99s: number[] = [];
  for (;;) {
    p99s.push(await p99());
    const gaps = [...(await gapsIn(address, 'market.gaps')).values()];
    const open = gaps.filter(({ outcome }) => outcome !== 'repaired' && outcome !== 'healed').length;
    if (open === 0 || performance.now() - since > Number(flags.wait) * 1000) return { open, p99s };
  }
}

function configuration(webSocket: string, rest: string): string {
  return JSON.stringify({
    coins: join(import.meta.dirname, '..', '..', 'config', 'coins.json'),
    environment: 'simulated',
    feed: { venues: [VENUE], channels: ['trade'], allow_test_data: true },
    venues: { [VENUE]: { websocket_urls: [webSocket], rest_urls: [rest], lines: 1 } },
    sinks: ['kafka'],
    kafka: { brokers: broker.brokers, partitions: PARTITIONS },
    spill: { dir: join(folder, 'spill') },
    gateway: { enabled: false },
  });
}
