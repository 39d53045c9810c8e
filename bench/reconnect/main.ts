/**
 * Closes all connections of a running feed at once, and measures the longest time without a received trade in the
 * seconds after it: Binance alone, two lines, Kafka. `node bench/reconnect/main.ts`, with --runs N (5). The exit code is
 * 1 if one run took 150 ms or longer.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { connectTopics } from '../../src/client/index.ts';
import { startBroker } from '../../testing/kafka/kafka-broker.ts';
import { until } from '../../testing/tools/until.ts';
import { startChild } from '../child.ts';
import { LOW_RATE } from '../measure.ts';
import { linesOf, type ProgramSetup, prepareProgram, SMALL_LOGS, startProgram } from '../programs.ts';

const PROGRAM = 'kafkajs-2';
/**
 * Time for which connections deliver before the close. The feed reconnects at once only if a connection delivered for
 * 10 s.
 */
const DELIVERS_MS = 11_000;
const WATCHED_MS = 2500;
const LIMIT_MS = 150;

const { values: flags } = parseArgs({ options: { runs: { type: 'string', default: '5' } } });
const folder = await mkdtemp(join(tmpdir(), 'market-feed-reconnect-'));
const broker = await startBroker({ config: SMALL_LOGS, isForLong: true });
const load = startChild(join(import.meta.dirname, '..', 'load.ts'));
try {
  for (let round = 1; round <= Number(flags.runs); round++) {
    const silenceMs = await run(`reconnect${round}.`);
    console.log(`run ${round}: no trade for ${silenceMs.toFixed(0)} ms at the longest`);
    if (!(silenceMs < LIMIT_MS)) process.exitCode = 1;
  }
} finally {
  await load.end();
  await broker.close();
  await rm(folder, { recursive: true, force: true });
}

/**
 * Returns the longest time without a received trade, milliseconds. Each run starts a new process, because a line is
 * retried at once at most once a minute.
 */
async function run(prefix: string): Promise<number> {
  const address = await load.ask<ProgramSetup['address']>('address');
  const setup = { address, broker: broker.brokers[0] as string, prefix, folder };
  await prepareProgram(PROGRAM, setup);
  const subject = await startProgram(PROGRAM, setup);
  const market = await connectTopics({ brokers: broker.brokers, topicPrefix: prefix });
  try {
    const receivedAt: number[] = [];
    market.trades$().subscribe((trade) => {
      if (trade.source === 'live') receivedAt.push(trade.receivedAt / 1000);
    });
    await load.ask('rate', LOW_RATE);
    await until(async () => (await load.ask<number>('lines')) === linesOf(PROGRAM) && receivedAt.length > 0, {
      timeoutMs: 30_000,
      message: 'the first trade arrives',
    });
    await delay(DELIVERS_MS);
    const closedAt = Date.now();
    await load.ask('close');
    await delay(WATCHED_MS);
    const watched = receivedAt.filter((time) => time > closedAt - WATCHED_MS).toSorted((a, b) => a - b);
    if ((watched.at(-1) ?? 0) < closedAt + WATCHED_MS / 2) return Number.POSITIVE_INFINITY;
    return Math.max(...watched.slice(1).map((time, index) => time - (watched[index] ?? time)));
  } finally {
    await load.ask('rate', 0);
    await market.close();
    await subject.stop();
  }
}
