import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { startSimulator } from '../../src/simulator/server.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { freePort } from '../../testing/processes/free-port.ts';
import { startMarketFeed, temporaryFolder, writeConfiguration } from '../../testing/processes/market-feed-process.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { until } from '../../testing/tools/until.ts';

const COINS = ['BTC', 'ETH', 'SOL'];
const NO_TRADES = { bybit: 0, binance: 0, binance_us: 0, binance_testnet: 0 };

interface Prices {
  readonly prices: readonly { readonly symbol: string; readonly price: string; readonly stale: boolean }[];
}

async function answer<T>(url: string, path: string): Promise<T> {
  const got = await fetch(new URL(path, url));
  return (await got.json()) as T;
}

const symbolsAt = async (url: string): Promise<string[]> =>
  (await answer<Prices>(url, '/api/prices')).prices.filter(({ stale }) => !stale).map(({ symbol }) => symbol);

/** The status of an HTTP answer. */
const statusOf = async (url: string, path: string): Promise<number> => (await fetch(new URL(path, url))).status;

/** Opens a WebSocket. Returns the list of its messages, which grows as they arrive. */
async function listen(url: string, path: string): Promise<{ type: string; data: unknown }[]> {
  const socket = new WebSocket(new URL(path, url.replace('http', 'ws')));
  onTestFinished(() => socket.terminate());
  const messages: { type: string; data: unknown }[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data)) as { type: string; data: unknown }));
  await once(socket, 'open');
  return messages;
}

async function startGateway(config: string): Promise<string> {
  const gateway = startMarketFeed('gateway', '--config', config, '--port', '0');
  const { url } = await gateway.logged('gateway');
  return String(url);
}

it('a gateway serves the topics of a run as the run does, and reports a halt while the run hangs', async () => {
  vi.stubEnv('MARKET_FEED__GATEWAY__ENABLED', 'true');
  onTestFinished(() => void vi.unstubAllEnvs());
  const simulator = await startSimulator({ rate: { ...NO_TRADES, bybit: 30 }, symbols: COINS.length });
  onTestFinished(() => simulator.close());
  const port = await freePort();
  const config = await writeConfiguration(await temporaryFolder(), {
    ...simulatedValues(simulator, {
      coins: COINS,
      feed: { venues: ['bybit'], channels: ['trade', 'ticker', 'depth', 'kline_1m'], allow_test_data: false },
    }),
    kafka: { brokers: await sharedBrokers(), topic_prefix: `${randomUUID()}.`, partitions: 2 },
    gateway: { port, enabled: true },
  });
  const run = startMarketFeed('run', '--config', config);
  const ofRun = String((await run.logged('gateway')).url);
  expect(ofRun).toBe(`http://127.0.0.1:${port}`);
  await run.logged('trading_resumed');
  const gateways = await Promise.all(Array.from({ length: isLong ? 2 : 1 }, () => startGateway(config)));
  for (const url of [ofRun, ...gateways]) {
    await until(async () => (await symbolsAt(url)).length === COINS.length, { message: 'all prices' });
    await until(async () => (await statusOf(url, '/readyz')) === 200);
    const { trades } = await answer<{ trades: object[] }>(url, '/api/assets/crypto/BTC/trades?limit=500');
    expect(trades.length).toBeGreaterThan(0);
    await until(async () => (await statusOf(url, '/api/assets/crypto/btcusdt/orderbook')) === 200);
    const messages = await listen(url, '/ws/asset/BTC/trades/');
    await until(() => messages.filter(({ type }) => type === 'trade').length > 5);
    expect(await answer(url, '/api/status')).toMatchObject({
      environment: 'simulated',
      active_venue: 'bybit',
      trading: { state: 'allowed' },
    });
  }
  expect(await answer(ofRun, '/api/status')).toMatchObject({ source: 'pipeline', sinks: [{ name: 'kafka' }] });

  run.signal('SIGSTOP');
  for (const url of gateways) {
    await until(async () => (await statusOf(url, '/readyz')) === 503);
    expect(await answer(url, '/api/status')).toMatchObject({
      source: 'topics',
      trading: { state: 'halted', reason: expect.stringContaining('silent') },
    });
    expect(await symbolsAt(url)).toEqual([]);
  }

  run.signal('SIGCONT');
  run.signal('SIGTERM');
  expect(await run.exited, run.stderr).toBe(0);
  await expect(fetch(ofRun)).rejects.toThrow();
});
