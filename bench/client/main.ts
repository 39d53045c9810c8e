/**
 * Measures the client library with a real broker: `node bench/client/main.ts [--seconds N]`. Simulator, pipeline,
 * broker and client are separate processes. First it compares every trade of 20 coins with the simulator's journal, and
 * measures the latency. Then it does the same across a restart of the broker. Finally, it kills a member of a consumer
 * group.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { VENUE_IDS } from '../../src/domain/instrument.ts';
import { ClientRun } from '../../test/client/client-run.ts';
import { MemberProcess } from '../../test/client/member-process.ts';
import { PublishedTopics } from '../../test/client/published-topics.ts';
import { SteadyTrades } from '../../test/client/steady-trades.ts';
import { type SimulatorAddress, simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { startBroker } from '../../testing/kafka/kafka-broker.ts';
import { kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { PipelineProcess } from '../../testing/processes/pipeline-process.ts';
import { until } from '../../testing/tools/until.ts';
import { startChild } from '../child.ts';

const RATE = 2000;
const COINS = 20;
const OUTAGE_MS = 5000;
const GROUP_RATE = 500;

const { values: flags } = parseArgs({ options: { seconds: { type: 'string', default: '30' } } });
const seconds = Number(flags.seconds);
const folder = await mkdtemp(join(tmpdir(), 'market-feed-client-bench-'));
const broker = await startBroker({ isForLong: true });
const journal = join(folder, 'journal.ndjson');
const rates = Object.fromEntries(VENUE_IDS.map((id) => [id, id === 'binance' ? RATE : 0]));
const venues = startChild(join(import.meta.dirname, '../faults/venues.ts'), [
  JSON.stringify({ rate: rates, symbols: COINS, journal, connectionLimit: false }),
]);

try {
  const complaints = [...(await measureFeed()), ...(await measureGroup())];
  for (const complaint of complaints) console.error(complaint);
  process.exitCode = complaints.length === 0 ? 0 : 1;
} finally {
  await venues.end();
  await broker.close();
  await rm(folder, { recursive: true, force: true });
}

async function measureFeed(): Promise<readonly string[]> {
  const topicPrefix = 'bench.';
  const pipeline = new PipelineProcess({ config: await configuration(topicPrefix), logFile: join(folder, 'run.log') });
  await pipeline.until(() => pipeline.activeVenue === 'binance', 'binance serves', 60_000);
  const { brokers } = broker;
  const run = await ClientRun.start({ brokers, topicPrefix, environment: 'simulated', onWarning: () => {} });
  await delay(2000);
  run.latency();
  await delay(seconds * 1000);
  const calm = run.latency();
  console.log(
    `${RATE} trades/s, ${COINS} coins, ${seconds} s: ${calm.count} trades, simulator's send to the client's next:`,
  );
  console.log(`p50 ${calm.p50.toFixed(1)} ms, p99 ${calm.p99.toFixed(1)} ms, most ${calm.max.toFixed(1)} ms`);

  await broker.stop();
  await delay(OUTAGE_MS);
  await broker.start();
  const before = run.trades.length;
  await until(() => run.trades.length > before && (run.market.lag().trades?.ms ?? 1) < 500, { timeoutMs: 60_000 });
  await delay(3000);
  await pipeline.stop();
  await venues.ask('close');
  const problems = await run.problems(journal);
  console.log(
    `with a restart of the broker, ${run.trades.length} trades in all: ${problems.length} disagree with topic or journal`,
  );
  await run.market.close();
  return problems;
}

async function measureGroup(): Promise<readonly string[]> {
  const topicPrefix = 'group.';
  const { brokers } = broker;
  await using topics = await PublishedTopics.open(kafkaConfig(brokers, { topicPrefix }));
  const members: MemberProcess[] = [];
  const member = async (): Promise<MemberProcess> => {
    const process = new MemberProcess(brokers, topicPrefix, 'bench');
    members.push(process);
    return process.started();
  };
  try {
    const first = await member();
    const trades = new SteadyTrades(topics, GROUP_RATE);
    await delay(5000);
    await first.kill();
    const killedAt = performance.now();
    const again = await member();
    await until(() => again.got.length > 0, { timeoutMs: 30_000 });
    const wentOnAfter = performance.now() - killedAt;
    const second = await member();
    await until(() => second.got.length > 0, { timeoutMs: 30_000 });
    await delay(2000);
    const from = [again.got.length, second.got.length] as const;
    await delay(5000);
    const shares = [again.got.length - from[0], second.got.length - from[1]] as const;
    const published = await trades.stop();
    const all = () => members.flatMap(({ got }) => got);
    await until(() => new Set(all()).size >= published.length, { timeoutMs: 30_000 });
    const repeated = all().length - published.length;
    console.log(`a killed member: went on after ${(wentOnAfter / 1000).toFixed(1)} s (session timeout 10 s),`);
    console.log(`${repeated} repeated at ${GROUP_RATE}/s and a commit a second, none of ${published.length} missing`);
    console.log(`two members, 5 s: ${shares[0]} and ${shares[1]}`);
    return [];
  } finally {
    for (const process of members) await process.kill();
  }
}

async function configuration(topicPrefix: string): Promise<string> {
  const address = await venues.ask<SimulatorAddress>('address');
  const feed = { venues: ['binance'], channels: ['trade', 'ticker'], allow_test_data: false };
  const values = {
    ...simulatedValues(address, { feed }),
    coins: join(import.meta.dirname, '../../config/coins.json'),
    sinks: ['kafka'],
    kafka: { brokers: broker.brokers, topic_prefix: topicPrefix },
    spill: { dir: join(folder, 'spill') },
    gateway: { enabled: false },
  };
  const file = join(folder, 'market-feed.yaml');
  // JSON is valid YAML.
  await writeFile(file, JSON.stringify(values, null, 2));
  return file;
}
