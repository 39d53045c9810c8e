import { expect, it } from 'vitest';
import { causesOf } from '../../testing/feeds/guard-causes.ts';
import { SimulatedFeed } from '../../testing/feeds/simulated-feed.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { limitMs } from '../../testing/tools/limit-ms.ts';
import { until } from '../../testing/tools/until.ts';
import { VirtualFeed } from '../../testing/virtual/virtual-feed.ts';

/** The defaults of `feed.dispute_bps` and `feed.dispute_after_ms`. */
const LIMIT_BPS = 100;
const AFTER_MS = 500;

const SIZES = isLong ? [1.2, -1.2, 1.5, -1.5, 2, 5, 10, -10, 25, 50, -50] : [1.2];

// One after the other if the time limits are exact: starting a simulator keeps the process busy.
(isLong ? it : it.concurrent).each(SIZES.map((times) => times * LIMIT_BPS))(
  'a coin is halted while its venue lies by %d bps, and traded again after that',
  async (bps) => {
    const rate = 200;
    await using simulated = await SimulatedFeed.start({
      coins: ['BTC', 'ETH'],
      symbols: 2,
      rates: { bybit: rate, binance: rate, binance_us: rate },
      feed: { channels: ['trade', 'ticker', 'book_ticker', 'depth'] },
    });
    const { simulator } = simulated;
    for (const venue of ['bybit', 'binance', 'binance_us'] as const) {
      const lines = () => simulated.statuses({ state: 'subscribed', venue });
      await until(() => lines().length > 0, { message: () => simulated.story().join('\n') });
    }
    await simulated.moreTrades(50, 'bybit');
    await until(() => causesOf(simulated, 'BTC').length === 0);
    const honest = simulated.of('price').findLast(({ symbol }) => symbol === 'BTCUSDT');
    simulator.fault({ venue: 'bybit', fault: 'wrong_prices', symbol: 'BTCUSDT', bps });

    const disputed = await simulated.untilStatus({ state: 'price_disputed', venue: 'bybit', symbol: 'BTCUSDT' });
    const lie = simulated.published.find(
      ({ record }) =>
        record.kind === 'price' &&
        record.symbol === 'BTCUSDT' &&
        Math.abs(Number(record.price) / Number(honest?.price) - 1) > LIMIT_BPS / 10_000,
    );
    const afterMs = disputed.at - (lie?.at ?? 0);
    expect(afterMs).toBeGreaterThanOrEqual(AFTER_MS - 1);
    expect(afterMs).toBeLessThanOrEqual(AFTER_MS + limitMs(500));
    expect([causesOf(simulated, 'BTC'), causesOf(simulated, 'ETH')]).toEqual([['price_disputed'], []]);

    simulator.clearFaults();
    await simulated.untilStatus({ state: 'feed_recovered', symbol: 'BTCUSDT', cause: 'price_disputed' });
    await until(() => causesOf(simulated, 'BTC').length === 0);
    expect(simulated.statuses({ state: 'failed_over' })).toEqual([]);
    expect(simulated.statuses({ state: 'price_disputed' })).toHaveLength(1);
  },
);

const HOURS = isLong ? 24 : 0.25;

it(`no price is disputed in ${HOURS} virtual hours of venues whose prices differ by noise`, async () => {
  const run = await VirtualFeed.start({ symbols: 1, rate: 1, sliceMs: 250, basisNoiseBps: 15 });
  await run.world.pass(HOURS * 3_600_000);
  expect(run.disputes).toEqual([]);
  // The prices were compared all the time.
  run.lie(1.5 * LIMIT_BPS);
  await run.world.pass(10_000);
  expect(run.disputes.map(({ state }) => state)).toContain('price_disputed');
}, 1_200_000);
