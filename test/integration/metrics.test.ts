import { expect, it, onTestFinished, vi } from 'vitest';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { freePort } from '../../testing/processes/free-port.ts';
import {
  startMarketFeed,
  startSimulate,
  temporaryFolder,
  writeConfiguration,
} from '../../testing/processes/market-feed-process.ts';
import { until } from '../../testing/tools/until.ts';
import { documentedMetrics, seriesNames } from '../docs/metric-names.ts';

interface Series {
  readonly name: string;
  readonly labels: string;
  readonly value: number;
}

const seriesIn = (text: string): readonly Series[] =>
  [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = '', labels = '', value]) => ({
    name,
    labels,
    value: Number(value),
  }));

it('a run serves metrics of every stage, and counts the reconnect after a closed connection', async () => {
  vi.stubEnv('MARKET_FEED__GATEWAY__ENABLED', 'true');
  onTestFinished(() => void vi.unstubAllEnvs());
  const simulate = await startSimulate('--rate', 'bybit=100');
  const folder = await temporaryFolder();
  const port = await freePort();
  const values = {
    ...simulatedValues(simulate, { coins: ['BTC', 'ETH'], feed: { venues: ['bybit'] }, file: { dir: folder } }),
    gateway: { port, enabled: true },
  };
  const run = startMarketFeed('run', '--config', await writeConfiguration(folder, values));
  await run.logged('gateway');
  const metrics = async () => seriesIn(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
  const figure = async (name: string, labels = '') =>
    (await metrics()).find((series) => series.name === name && series.labels === labels)?.value ?? Number.NaN;

  for (const name of ['socket_to_emitted_seconds_count', 'rest_weight_total', 'events_total', 'duplicates_total'])
    await until(async () => (await figure(`market_feed_${name}`, 'venue="bybit"')) > 0, { message: name });
  await until(async () => (await figure('market_feed_emitted_to_acknowledged_seconds_count', 'sink="file"')) > 0);
  await until(async () => (await figure('market_feed_event_loop_delay_seconds_count', 'thread="feed"')) > 1);
  expect(await figure('market_feed_published_records_total', 'kind="trade"')).toBeGreaterThan(0);
  expect(await figure('market_feed_venue_lines_up', 'venue="bybit"')).toBe(2);

  const known = seriesNames(documentedMetrics());
  expect((await metrics()).filter(({ name }) => !known.has(name))).toEqual([]);

  await fetch(new URL('/faults', simulate.httpUrl), {
    method: 'POST',
    body: JSON.stringify({ venue: 'bybit', fault: 'close', line: 'all' }),
  });
  const reason = 'venue="bybit",reason="connection_closed"';
  await until(async () => (await figure('market_feed_reconnects_total', reason)) > 0, { message: reason });
  expect(await figure('market_feed_status_records_total', 'state="disconnected"')).toBeGreaterThan(0);
});
