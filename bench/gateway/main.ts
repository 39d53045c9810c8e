/**
 * Measures the cost of WebSocket clients, and what clients that never read cost the others:
 * `node bench/gateway/main.ts [SECONDS]`, SECONDS for each phase (default 15). Phases with and without stalled clients
 * take turns. Results are medians of three rounds. It ends when the gateway has closed all stalled clients.
 *
 * A simulator sends 500 trades a second to `market-feed run`, and clients listen to prices: three processes. An age is
 * the time from the feed's socket to the client. It includes the transfer to the gateway (20 ms) and conflation
 * (100 ms). The feed's own latency is the time from its socket to the output of its records, in a run without clients
 * and in one with them.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../testing/processes/free-port.ts';
import { until } from '../../testing/tools/until.ts';
import { type Child, startChild } from '../child.ts';
import { median } from '../measure.ts';
import { startSubject } from '../subject.ts';

const COINS = 'BTC ETH SOL BNB XRP ADA DOGE AVAX DOT LINK LTC POL UNI ATOM NEAR APT ARB OP FIL TRX'.split(' ');

interface Scenario {
  readonly title: string;
  readonly clients: number;
  readonly stalled: number;
  /** Each client subscribes to one of these symbols. Empty: to all. */
  readonly symbols: readonly string[];
}

interface Phase {
  readonly p50: number;
  readonly p99: number;
  readonly messagesPerSecond: number;
  readonly memoryMb: number;
}

/** The feed's own latency: from its socket to the output of its records, milliseconds. */
interface FeedLatency {
  readonly p50: number;
  readonly p99: number;
}

const RATE = 500;
const WARM_MS = 5000;
const SETTLE_MS = 3000;
const MAX_RATIO_BY_STALLED = 1.2;
const MAX_RATIO_BY_CLIENTS = 1.5;
const ROUNDS = 3;
const seconds = Number(process.argv[2] ?? 15);

const SCENARIOS: readonly Scenario[] = [
  { title: '100 clients on all symbols, 5 of them stalled', clients: 95, stalled: 5, symbols: [] },
  {
    title: '1,000 clients on one symbol each, 20 of them stalled',
    clients: 980,
    stalled: 20,
    symbols: COINS.map((coin) => `${coin}USDT`),
  },
];

/** All clients have one address, so its limits must not count. */
const ONE_ADDRESS = { requests_per_minute: 1_000_000, connections_per_address: 5000 };

/** Runs `market-feed run` with a gateway on the load, and calls `work` when it is warm. */
async function withGateway<T>(load: Child, work: (gateway: RunningGateway) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'market-feed-gateway-bench-'));
  const { webSocket, rest } = await load.ask<{ webSocket: string; rest: string }>('address');
  const port = await freePort();
  const config = {
    coins: COINS,
    environment: 'simulated',
    feed: { venues: ['binance'], channels: ['trade', 'ticker'], allow_test_data: true },
    venues: { binance: { websocket_urls: [webSocket], rest_urls: [rest] } },
    sinks: ['file'],
    file: { dir: join(folder, 'data') },
    gateway: { port, ...ONE_ADDRESS },
    log: { level: 'warn' },
  };
  const file = join(folder, 'market-feed.yaml');
  await writeFile(file, JSON.stringify(config));
  const subject = startSubject(['src/cli/main.ts', 'run', '--config', file], join(folder, 'log'));
  const url = `http://127.0.0.1:${port}`;
  try {
    await until(async () => (await prices(url)) >= COINS.length, {
      timeoutMs: 60_000,
      message: 'a price of each coin',
    });
    await delay(WARM_MS);
    return await work({ url, memoryMb: async () => (await subject.memory()).now });
  } finally {
    await subject.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

interface RunningGateway {
  readonly url: string;
  readonly memoryMb: () => Promise<number>;
}

async function prices(url: string): Promise<number> {
  const answer = (await (await fetch(`${url}/api/prices`)).json()) as { readonly prices: readonly unknown[] };
  return answer.prices.length;
}

async function status(url: string) {
  const answer = await fetch(`${url}/api/status`);
  return (await answer.json()) as {
    readonly venues: readonly { readonly latency_ms: { readonly socket_to_emitted: FeedLatency | null } }[];
    readonly gateway: { readonly clients: number; readonly closed_slow: number };
  };
}

async function feedLatency(url: string): Promise<FeedLatency> {
  const { venues } = await status(url);
  return venues[0]?.latency_ms.socket_to_emitted ?? { p50: Number.NaN, p99: Number.NaN };
}

async function measurePhase(clients: Child, gateway: RunningGateway): Promise<Phase> {
  await delay(SETTLE_MS);
  await clients.ask('collect');
  await delay(seconds * 1000);
  const { quantiles, messages } = await clients.ask<{ quantiles: readonly number[]; messages: number }>(
    'ages',
    [0.5, 0.99],
  );
  const [p50 = Number.NaN, p99 = Number.NaN] = quantiles;
  return { p50, p99, messagesPerSecond: messages / seconds, memoryMb: await gateway.memoryMb() };
}

async function playScenario(load: Child, scenario: Scenario, alone: FeedLatency): Promise<void> {
  const { title, clients: count, stalled, symbols } = scenario;
  console.log(`\n${title}`);
  const clients = startChild(join(import.meta.dirname, 'clients.ts'));
  try {
    await withGateway(load, async (gateway) => {
      const { url } = gateway;
      await clients.ask('join', { url, count, symbols });
      const without: Phase[] = [];
      const withStalled: Phase[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        without.push(await measurePhase(clients, gateway));
        await clients.ask('joinStalled', { url, count: stalled, symbols });
        withStalled.push(await measurePhase(clients, gateway));
        if (round < ROUNDS - 1) await clients.ask('leaveStalled');
      }
      const closed = async () => (await status(url)).gateway.closed_slow;
      await until(async () => (await closed()) >= stalled, {
        timeoutMs: 60_000,
        everyMs: 500,
        message: 'all stalled clients closed',
      });
      printPhases('without stalled clients', without);
      printPhases('with stalled clients', withStalled);
      console.log(`  ${await closed()} of ${stalled} stalled clients closed`);
      const feed = await feedLatency(url);
      printRatio(
        'p99 of the reading clients, with stalled ones divided by without',
        p99Of(withStalled) / p99Of(without),
        MAX_RATIO_BY_STALLED,
      );
      console.log(`  feed: p50 ${ms(feed.p50)}, p99 ${ms(feed.p99)} with clients`);
      printRatio('p99 of the feed, with clients divided by without', feed.p99 / alone.p99, MAX_RATIO_BY_CLIENTS);
    });
  } finally {
    await clients.end();
  }
}

const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ms`;

const p99Of = (phases: readonly Phase[]): number => median(phases.map(({ p99 }) => p99));

function printPhases(what: string, phases: readonly Phase[]): void {
  const p50 = median(phases.map((each) => each.p50));
  const traffic = Math.round(median(phases.map((each) => each.messagesPerSecond))).toLocaleString('en');
  const memory = Math.round(Math.max(...phases.map(({ memoryMb }) => memoryMb)));
  console.log(`  ${what}: p50 ${ms(p50)}, p99 ${ms(p99Of(phases))}, ${traffic} messages/s, at most ${memory} MiB`);
}

function printRatio(what: string, value: number, most: number): void {
  const holds = value <= most;
  if (!holds) process.exitCode = 1;
  console.log(`  ${holds ? 'holds ' : 'BROKEN'} ${what}: ${value.toFixed(2)} (at most ${most})`);
}

const load = startChild(join(import.meta.dirname, '../load.ts'));
try {
  await load.ask('rate', RATE);
  const alone = await withGateway(load, async ({ url, memoryMb }) => {
    await delay(seconds * 1000);
    const latency = await feedLatency(url);
    console.log(
      `without clients: feed p50 ${ms(latency.p50)}, p99 ${ms(latency.p99)}, ${Math.round(await memoryMb())} MiB`,
    );
    return latency;
  });
  for (const scenario of SCENARIOS) await playScenario(load, scenario, alone);
} finally {
  await load.end();
}
