import { expect, it, vi } from 'vitest';
import { SimulatedFeed } from '../../testing/feeds/simulated-feed.ts';
import { epochProblems } from '../../testing/judges/epoch-rules.ts';
import { compareTrades } from '../../testing/judges/journal.ts';
import { until } from '../../testing/tools/until.ts';

vi.setConfig({ maxConcurrency: 4 });

/** Words of Binance's answer to a country that it does not serve. */
const BLOCKED = "Service unavailable from a restricted location according to 'b. Eligibility'";

function started(options: Partial<Parameters<typeof SimulatedFeed.start>[0]> = {}): Promise<SimulatedFeed> {
  return SimulatedFeed.start({
    rates: { binance: 150 },
    feed: { venues: ['binance'], channels: ['trade', 'depth'] },
    dataOnly: true,
    ...options,
  });
}

/** Ends the feed. Its records must obey every rule and agree with the journal. */
async function expectWholeAndInOrder(simulated: SimulatedFeed): Promise<void> {
  const journal = await simulated.end();
  expect(epochProblems(simulated.published)).toEqual([]);
  const { problems, trades } = compareTrades(simulated.records, journal);
  expect(problems).toEqual([]);
  expect(trades).toBeGreaterThan(0);
}

const freshBooks = (simulated: SimulatedFeed) =>
  new Set(simulated.of('order_book').flatMap(({ symbol, stale }) => (stale ? [] : [symbol])));

it.concurrent('a feed serves books and repairs gaps by the second REST host if the first blocks our region', async () => {
  await using simulated = await started({
    before: ({ fault }) => fault({ venue: 'binance', fault: 'refuse_main_host' }),
  });
  const blocked = await simulated.untilStatus({ state: 'region_blocked', venue: 'binance', line: 1 });
  expect(blocked.reason).toContain(BLOCKED);
  await until(() => freshBooks(simulated).size === 3, { message: () => simulated.story().join('\n') });
  await simulated.moreTrades(50);
  simulated.simulator.fault({ venue: 'binance', fault: 'skip_trades', symbol: 'BTCUSDT', count: 5 });
  await simulated.untilStatus({ state: 'gap_repaired', symbol: 'BTCUSDT' });
  expect(simulated.of('gap')).toMatchObject([{ symbol: 'BTCUSDT', missing: 5, filled: 5, outcome: 'repaired' }]);
  expect(simulated.statuses({ state: 'region_blocked' })).toHaveLength(1);
  expect(simulated.feed.venues[0]?.lines.up).toBe(1);
  await expectWholeAndInOrder(simulated);
});

it.concurrent('a feed fetches aggregated trades if the market-data-only host has no historicalTrades', async () => {
  await using simulated = await started({
    rates: { binance: 4000 },
    coins: ['BTC'],
    // The venue skips trades for seconds, in which its only line must not become stale.
    feed: { venues: ['binance'], channels: ['trade'], stale_after_ms: 60_000 },
    before: ({ fault }) => fault({ venue: 'binance', fault: 'refuse_main_host' }),
  });
  await simulated.moreTrades(200);
  simulated.simulator.fault({ venue: 'binance', fault: 'skip_trades', symbol: 'BTCUSDT', count: 1200 });
  const sum = (field: 'missing' | 'filled') =>
    simulated.of('gap').reduce((total, gap) => total + Number(gap[field] ?? 0), 0);
  const story = (): string =>
    [
      ...simulated.of('gap').map(({ missing, filled, outcome }) => `${outcome} ${filled} of ${missing}`),
      ...simulated.story(),
    ].join('\n');
  await until(() => sum('missing') >= 1200, { timeoutMs: 60_000, message: story });
  await simulated.moreTrades(200);
  const aggregated = simulated.of('trade').filter(({ conditions }) => conditions.includes('aggregated'));
  expect(aggregated.length).toBeGreaterThan(100);
  expect(new Set(aggregated.map(({ source }) => source))).toEqual(new Set(['backfill']));
  expect(sum('missing')).toBe(1200);
  // If an aggregate began before the gap, its trades in the gap stay missing.
  expect(sum('filled')).toBeGreaterThan(800);
  await expectWholeAndInOrder(simulated);
});

it.concurrent('a feed reports once that all REST hosts block our region, with their names, and that one serves again', async () => {
  await using simulated = await started({
    coins: ['BTC'],
    before: ({ fault }) => fault({ venue: 'binance', fault: 'refuse_rest', status: 451 }),
  });
  const blocked = await simulated.untilStatus({ state: 'region_blocked', venue: 'binance' });
  const address = simulated.simulator.httpUrl.replace('http://', '');
  expect(blocked).toMatchObject({ line: null, symbol: null, details: { status: '451' } });
  for (const host of ['binance', 'binance/data-only'])
    expect(blocked.reason).toContain(`${address}/${host}: HTTP 451: { "code": 0, "msg": "${BLOCKED}`);
  const stateOf = () => simulated.feed.watches[0]?.states.get('binance');
  expect(stateOf()).toMatchObject({ connected: true, trouble: null, reason: blocked.reason });
  await simulated.moreTrades(150);
  expect(freshBooks(simulated)).toEqual(new Set());
  expect(simulated.statuses({ state: 'region_blocked' })).toHaveLength(1);
  simulated.simulator.clearFaults('binance');
  await simulated.untilStatus({ state: 'connected', line: null });
  expect(stateOf()?.reason).toBe('');
  await until(() => freshBooks(simulated).size === 1, { message: () => simulated.story().join('\n') });
  await expectWholeAndInOrder(simulated);
});
