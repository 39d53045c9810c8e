import { asyncScheduler } from 'rxjs';
import { expect, it, onTestFinished } from 'vitest';
import { mergeMetrics } from '../../src/cluster/merge-metrics-snapshots.ts';
import { mergeStatus } from '../../src/cluster/merge-status-snapshots.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { GatewayThread } from '../../src/serving/gateway-thread.ts';
import { serveTopics } from '../../src/serving/serve-topics.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { SimulatedFeed } from '../../testing/feeds/simulated-feed.ts';
import { bookTicker, healthyFeed, statusRecord } from '../../testing/judges/events.ts';
import { freePort } from '../../testing/processes/free-port.ts';
import { until } from '../../testing/tools/until.ts';
import { openSink, testFolder } from '../sinks/avro-file/test-folder.ts';
import { outRecords } from '../sinks/out-records.ts';

/** The venues of the best bid and ask of BTC; undefined if the gateway does not know the symbol yet. */
async function bestVenues(url: string): Promise<readonly (string | undefined)[] | undefined> {
  const answer = await fetch(new URL('/api/best?symbol=BTCUSDT', url));
  if (answer.status !== 200) return undefined;
  const { best } = (await answer.json()) as {
    best: { bid: { venue: string } | null; ask: { venue: string } | null }[];
  };
  return best[0] && [best[0].bid?.venue, best[0].ask?.venue];
}

it('the gateway of a feed knows the prices of the standby venues', async () => {
  await using simulated = await SimulatedFeed.start({
    coins: ['BTC'],
    symbols: 1,
    rates: { bybit: 50, binance: 50, binance_us: 50 },
    feed: { channels: ['trade', 'book_ticker'] },
  });
  const { feed } = simulated;
  const gateway = new GatewayThread({
    config: loadConfig({
      values: { coins: ['BTC'], environment: 'simulated', gateway: { enabled: true, port: await freePort() } },
    }),
    scheduler: asyncScheduler,
    log: () => {},
  });
  onTestFinished(() => gateway.close());
  feed.output$.subscribe(({ records }) => gateway.publish(records));
  const url = (await until(() => gateway.url, { timeoutMs: 30_000 })) ?? '';
  const of = { at: Date.now(), startedAt: Date.now(), environment: 'simulated', mode: 'failover' } as const;
  gateway.follow({ feeds: () => feed.watches, metrics: () => mergeMetrics([]), snapshot: () => mergeStatus([], of) });
  const { simulator } = simulated;
  simulator.fault({ venue: 'binance', fault: 'wrong_prices', bps: 50 });
  simulator.fault({ venue: 'binance_us', fault: 'wrong_prices', bps: -50 });
  await until(async () => (await bestVenues(url))?.join() === 'binance,binance_us');
  expect(feed.activeVenue).toBe('bybit');
  const both = await Promise.all([bestVenues(url), bestVenues(url)]);
  expect(both).toEqual([
    ['binance', 'binance_us'],
    ['binance', 'binance_us'],
  ]);
});

it('a gateway that reads topics knows the venues whose book tickers are published', async () => {
  const dir = await testFolder();
  const sink = await openSink(dir);
  await sink.write(outRecords(statusRecord('heartbeat', { heartbeat: healthyFeed() })));
  const stopping = new AbortController();
  const lines: { readonly event?: string; readonly url?: string }[] = [];
  const log = createLog({ level: 'info', destination: { write: (json) => void lines.push(JSON.parse(json)) } });
  const values = { coins: ['BTC'], sinks: ['file'], file: { dir }, gateway: { port: await freePort() } };
  const served = serveTopics(loadConfig({ values }), { log, signal: stopping.signal });
  onTestFinished(async () => {
    stopping.abort();
    await served;
  });
  await until(() => lines.find(({ event }) => event === 'topics_read'), { timeoutMs: 30_000 });
  const url = lines.find(({ event }) => event === 'gateway')?.url ?? '';
  let sequence = 1;
  await until(async () => {
    const now = { receivedAt: Date.now() * 1000 };
    const beat = { heartbeat: healthyFeed(), timestamp: Date.now(), activeVenue: null, sequence: ++sequence };
    await sink.write(
      outRecords(
        statusRecord('heartbeat', beat),
        bookTicker(sequence, { venue: 'bybit', bidPrice: '99', askPrice: '101', ...now }),
        bookTicker(sequence, { venue: 'binance', bidPrice: '98', askPrice: '100', ...now }),
      ),
    );
    return (await bestVenues(url))?.join() === 'bybit,binance';
  });
});
