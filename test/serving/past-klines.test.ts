import { asyncScheduler } from 'rxjs';
import { expect, it, onTestFinished } from 'vitest';
import { mergeMetrics } from '../../src/cluster/merge-metrics-snapshots.ts';
import { mergeStatus } from '../../src/cluster/merge-status-snapshots.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { GatewayThread } from '../../src/serving/gateway-thread.ts';
import { serveTopics } from '../../src/serving/serve-topics.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { SimulatedFeed, simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { priceTick } from '../../testing/judges/events.ts';
import { freePort } from '../../testing/processes/free-port.ts';
import { sampleBookDelta } from '../../testing/records/sample-records.ts';
import { until } from '../../testing/tools/until.ts';
import { openSink, testFolder } from '../sinks/avro-file/test-folder.ts';
import { outRecords } from '../sinks/out-records.ts';

const DAY = 86_400_000;

/** The answer to a request for the last three days. */
async function days(url: string): Promise<Record<string, unknown>> {
  const before = Math.floor(Date.now() / DAY) * DAY + DAY;
  const path = `/api/assets/crypto/BTC/klines?interval=1d&limit=3&before=${before}`;
  return (await (await fetch(new URL(path, url))).json()) as Record<string, unknown>;
}

/** What the three days must be. */
function threeDays(venue: string) {
  const today = Math.floor(Date.now() / DAY) * DAY;
  const day = { interval: '1d', venue, environment: 'simulated', symbol: 'BTCUSDT', epoch: 1 };
  return [2, 1, 0].map((ago) => ({ ...day, open_time: today - ago * DAY, closed: ago > 0 }));
}

it('the gateway of a feed fetches candles from the venue with the REST budget of the feed', async () => {
  await using simulated = await SimulatedFeed.start({ rates: { binance: 50 }, feed: { venues: ['binance'] } });
  const { feed } = simulated;
  const gateway = new GatewayThread({
    config: loadConfig({ values: { coins: ['BTC'], gateway: { enabled: true, port: await freePort() } } }),
    scheduler: asyncScheduler,
    log: () => {},
  });
  onTestFinished(() => gateway.close());
  const url = (await until(() => gateway.url, { timeoutMs: 30_000 })) ?? '';
  gateway.publish([priceTick({ venue: 'binance', environment: 'simulated', epoch: 1 })]);
  await until(async () => (await days(url)).error === 'venue_failed', { message: 'the feed has not started' });
  const of = { at: Date.now(), startedAt: Date.now(), environment: 'simulated', mode: 'failover' } as const;
  gateway.follow({ feeds: () => feed.watches, metrics: () => mergeMetrics([]), snapshot: () => mergeStatus([], of) });
  const sent = feed.venues[0]?.options.restWeight?.() ?? 0;
  expect(await days(url)).toMatchObject({ venue: 'binance', klines: threeDays('binance') });
  expect(feed.venues[0]?.options.restWeight?.()).toBeGreaterThan(sent);
  simulated.simulator.fault({ fault: 'refuse', venue: 'binance' });
  const older = await fetch(new URL(`/api/assets/crypto/BTC/klines?interval=1d&limit=3&before=${5 * DAY}`, url));
  expect(await older.json()).toMatchObject({ error: 'venue_failed', message: expect.stringContaining('451') });
});

it('a gateway that reads topics fetches candles from the configured venue', async () => {
  const simulator = await startSimulator({ rate: { binance: 0, bybit: 0 }, symbols: 20 });
  onTestFinished(() => simulator.close());
  const dir = await testFolder();
  const sink = await openSink(dir);
  const book = {
    snapshot: true,
    receivedAt: Date.now() * 1000,
    venue: 'bybit',
    environment: 'simulated',
    epoch: 1,
  } as const;
  await sink.write(outRecords(sampleBookDelta(book)));
  const stopping = new AbortController();
  const lines: { readonly event?: string; readonly url?: string }[] = [];
  const log = createLog({ level: 'info', destination: { write: (json) => void lines.push(JSON.parse(json)) } });
  const values = {
    ...simulatedValues(simulator, { file: { dir }, feed: { allow_test_data: false } }),
    gateway: { port: await freePort() },
  };
  const served = serveTopics(loadConfig({ values }), { log, signal: stopping.signal });
  onTestFinished(async () => {
    stopping.abort();
    await served;
  });
  const url = await until(() => lines.find(({ event }) => event === 'gateway')?.url);
  await until(async () => 'klines' in (await days(url ?? '')), { message: 'candles of the venue' });
  expect(await days(url ?? '')).toMatchObject({ venue: 'bybit', klines: threeDays('bybit') });
});
