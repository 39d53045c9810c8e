import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { MarketFeed } from '../../src/runtime/market-feed.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { startSimulate } from '../../testing/processes/market-feed-process.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { root } from '../../testing/tools/tools.ts';

const PER_SECOND = 2000;
const TWENTY = join(root, 'config/coins.json');

// A measurement, so it runs when no other test does (vitest.config.ts).
it(`a MarketFeed callback receives trades in less than 100 ms (p99) at ${PER_SECOND} trades a second`, async () => {
  const simulate = await startSimulate('--rate', `bybit=${PER_SECOND}`, '--rate', '0');
  const config = loadConfig({ values: { ...simulatedValues(simulate), coins: TWENTY } });
  const coins = config.coins.kind === 'list' ? config.coins.entries.map(({ coin }) => coin) : [];
  const feed = new MarketFeed(coins, { venues: ['bybit'], config });
  const latencies: number[] = [];
  feed.subscribeTrades(({ timestamp }) => latencies.push(Date.now() - timestamp));
  await feed.connect();
  await delay(1000);
  latencies.length = 0;
  const from = performance.now();
  await delay((isLong ? 10 : 3) * 1000);
  const seconds = (performance.now() - from) / 1000;
  await feed.close();
  latencies.sort((a, b) => a - b);
  const p99 = quantile(latencies, 0.99);
  console.log(
    `simulator's send to callback: ${(latencies.length / seconds).toFixed(0)} trades/s, p50 ${quantile(latencies, 0.5)} ms, p99 ${p99} ms, longest ${latencies.at(-1)} ms`,
  );
  expect(latencies.length).toBeGreaterThan(PER_SECOND * seconds * 0.9);
  expect(p99).toBeLessThan(100);
});

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
