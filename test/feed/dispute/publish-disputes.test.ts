import { describe, expect, it } from 'vitest';
import { VirtualFeed } from '../../../testing/virtual/virtual-feed.ts';

/** The defaults of `feed.dispute_after_ms` and `feed.dispute_bps`. */
const AFTER_MS = 500;
const LIMIT_BPS = 100;

/** The halted symbols and the disputed prices of the last heartbeat. */
function lastHeartbeat({ reported }: VirtualFeed): readonly (readonly string[] | undefined)[] {
  const heartbeat = reported.findLast(({ state }) => state === 'heartbeat')?.heartbeat;
  return [heartbeat?.halted, heartbeat?.disputedPrices];
}

describe('a venue that lies about its prices', () => {
  it.each([1.2 * LIMIT_BPS, 300, -1.2 * LIMIT_BPS, 5000, -5000])(
    'is disputed and halted in time if it lies by %d bps',
    async (bps) => {
      const run = await VirtualFeed.start();
      expect(run.feed.tradability.state.state).toBe('allowed');
      const liesFrom = run.world.wallClockMs();
      run.lie(bps);
      await run.world.pass(AFTER_MS + 500);
      expect(run.feed.haltedSymbols).toEqual(['BTCUSDT']);
      await run.world.pass(1500);
      expect(lastHeartbeat(run)).toEqual([['BTCUSDT'], ['BTCUSDT']]);
      const [disputed, ...others] = run.disputes;
      expect(others).toEqual([]);
      expect(disputed).toMatchObject({ state: 'price_disputed', venue: 'bybit', symbol: 'BTCUSDT', coin: 'BTC' });
      const afterMs = (disputed?.timestamp ?? 0) - liesFrom;
      expect(afterMs).toBeGreaterThanOrEqual(AFTER_MS);
      expect(afterMs).toBeLessThanOrEqual(AFTER_MS + 500);
      expect(disputed?.reason).toMatch(bps > 0 ? / at bybit, \d+(\.\d\d)? % above the other venues: / : / % below /);
      expect(Object.keys(disputed?.details ?? {}).sort()).toEqual(['price.binance', 'price.binance_us', 'price.bybit']);
      expect(run.feed.activeVenue).toBe('bybit');
    },
  );

  it('is traded again three seconds after its prices are right', async () => {
    const run = await VirtualFeed.start();
    run.lie(5000);
    await run.world.pass(5000);
    run.world.clearFaults();
    const rightFrom = run.world.wallClockMs();
    await run.world.pass(5000);
    expect(run.disputes.map(({ state }) => state)).toEqual(['price_disputed', 'feed_recovered']);
    const afterMs = (run.disputes[1]?.timestamp ?? 0) - rightFrom;
    expect(afterMs).toBeGreaterThanOrEqual(3000);
    expect(afterMs).toBeLessThanOrEqual(4000);
    expect(lastHeartbeat(run)).toEqual([[], []]);
    expect(run.disputes[1]?.reason).toBe('the price of BTC at bybit is near the other venues again');
  });

  it('is not disputed if it lies by less than the limit, nor if only one other venue can be compared', async () => {
    const run = await VirtualFeed.start();
    run.lie(0.8 * LIMIT_BPS);
    await run.world.pass(3000);
    expect(run.disputes).toEqual([]);
    run.world.fault({ venue: 'binance_us', fault: 'halt_symbol', symbol: 'BTCUSDT' });
    await run.world.pass(6000);
    run.lie(5000);
    await run.world.pass(5000);
    expect(run.disputes).toEqual([]);
  });

  it('is not compared with the testnet', async () => {
    const run = await VirtualFeed.start({ venues: ['bybit', 'binance', 'binance_testnet'] });
    run.lie(5000);
    await run.world.pass(5000);
    expect(run.disputes).toEqual([]);
  });

  it('is not disputed in mode all, which has no active venue', async () => {
    const run = await VirtualFeed.start({ mode: 'all' });
    run.lie(5000);
    await run.world.pass(5000);
    expect(run.disputes).toEqual([]);
  });

  it('ends the dispute when another venue serves', async () => {
    const run = await VirtualFeed.start();
    run.lie(5000);
    await run.world.pass(3000);
    run.world.fault({ venue: 'bybit', fault: 'refuse', status: 403 });
    await run.world.pass(5000);
    expect(run.feed.activeVenue).toBe('binance');
    expect(run.disputes.map(({ state, venue }) => [state, venue])).toEqual([
      ['price_disputed', 'bybit'],
      ['feed_recovered', 'binance'],
    ]);
    expect(run.disputes[1]?.reason).toBe('binance serves BTC now');
    expect(lastHeartbeat(run)).toEqual([[], []]);
  });

  it('halts the coin that others contradict, even if they lie', async () => {
    const run = await VirtualFeed.start();
    run.lie(5000, { venue: 'binance', symbol: 'ETHUSDT' });
    await run.world.pass(2000);
    expect(run.feed.haltedSymbols).toEqual(['ETHUSDT']);
  });
});
