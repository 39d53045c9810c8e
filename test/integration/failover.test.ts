import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { monotonicScheduler } from '../../src/net/monotonic-scheduler.ts';
import { SimulatedFeed } from '../../testing/feeds/simulated-feed.ts';
import { epochProblems } from '../../testing/judges/epoch-rules.ts';
import { compareTrades } from '../../testing/judges/journal.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { limitMs } from '../../testing/tools/limit-ms.ts';
import { until } from '../../testing/tools/until.ts';

vi.setConfig({ maxConcurrency: 6 });

const RATES = { bybit: 60, binance: 60 };
const TWO = ['bybit', 'binance'];
/** Longer than the pauses of a busy machine, which look like stale data. */
const STALE_MS = 3000;
/** Reconnects that are quick enough for a test. */
const BRISK = {
  reconnect: { initial_delay_ms: 50, max_delay_ms: 400, max_attempts: 5, probe_every_ms: 300 },
  connect_timeout_ms: 2000,
};

/** Ends the feed. Its records must obey every rule and agree with the journal. */
async function expectWholeAndInOrder(simulated: SimulatedFeed): Promise<number> {
  const journal = await simulated.end();
  expect(epochProblems(simulated.published)).toEqual([]);
  const { problems, trades } = compareTrades(simulated.records, journal);
  expect(problems).toEqual([]);
  expect(trades).toBeGreaterThan(0);
  return trades;
}

/** The status records of whole venues, without records of single lines and coins, as `state venue`. */
function venueStory(simulated: SimulatedFeed, states: readonly string[]): string[] {
  return simulated
    .statuses({})
    .flatMap(({ state, venue, symbol, line }) =>
      states.includes(state) && symbol === null && line === null ? [`${state} ${venue ?? ''}`] : [],
    );
}

/**
 * Rows of venue, standby venue, and the venue's answer to a country that it does not serve: status and words of the
 * body.
 */
const BLOCKS = [
  ['bybit', 'binance', '403', 'configured to block access from your country'],
  ['binance', 'bybit', '451', 'restricted location'],
  ['binance_us', 'binance', '403', 'configured to block access from your country'],
] as const;

describe.concurrent('failover when the region is blocked', () => {
  it.each(BLOCKS)(
    'leaves %s for %s within 1 s when it blocks our country with %s',
    async (venue, next, status, words) => {
      await using simulated = await SimulatedFeed.start({
        rates: { [venue]: 60, [next]: 60 },
        // The grace applies only to lost connections. If a venue blocks our region, the feed leaves it at once.
        feed: { venues: [venue, next], failover_grace_ms: 10_000 },
      });
      await simulated.moreTrades(50, venue);
      await until(() => simulated.feed.watches[0]?.states.get(next)?.hasData);
      const refusedAt = performance.now();
      simulated.simulator.fault({ venue, fault: 'refuse' });
      const over = await simulated.untilStatus({ state: 'failed_over', venue: next });
      console.log(`${venue} blocks us while it serves: ${next} is active after ${(over.at - refusedAt).toFixed(0)} ms`);
      expect(over.at - refusedAt).toBeLessThan(limitMs(1000));
      expect(simulated.feed.activeVenue).toBe(next);
      expect(over).toMatchObject({
        activeVenue: next,
        switch: { from: venue, to: next },
        details: { 'last_id.BTCUSDT': expect.any(String) },
      });
      const blocked = await simulated.untilStatus({ state: 'region_blocked', venue, details: { status } });
      expect(blocked.reason).toContain(words);
      expect(simulated.statuses({ state: 'rate_limited' })).toEqual([]);
      await simulated.moreTrades(50, next);
      expect(simulated.statuses({ state: 'failed_back' })).toEqual([]);
      await expectWholeAndInOrder(simulated);
    },
  );

  it.each(isLong ? BLOCKS : BLOCKS.slice(0, 1))(
    'leaves %s for %s within 1 s when it blocks our country from the start with %s',
    async (venue, next, status) => {
      await using simulated = await SimulatedFeed.start({
        rates: { [venue]: 60, [next]: 60 },
        feed: { venues: [venue, next], failover_grace_ms: 10_000 },
        before: ({ fault }) => fault({ venue, fault: 'refuse' }),
      });
      const refused = await simulated.untilStatus({ state: 'disconnected', venue, details: { status } });
      const over = await simulated.untilStatus({ state: 'failed_over', venue: next });
      console.log(`${venue} blocks us from the start: ${next} is active after ${(over.at - refused.at).toFixed(0)} ms`);
      expect(over.at - refused.at).toBeLessThan(limitMs(1000));
      await simulated.moreTrades(50, next);
      expect(simulated.statuses({ state: 'region_blocked', venue })).toHaveLength(1);
      expect(new Set(simulated.of('trade').map((trade) => trade.venue))).toEqual(new Set([next]));
      await expectWholeAndInOrder(simulated);
    },
  );

  it.each(['binance', 'binance_us'] as const)(
    "reports %s as rate limited, not blocked, for its firewall's 403",
    async (venue) => {
      await using simulated = await SimulatedFeed.start({
        rates: { [venue]: 60, bybit: 60 },
        feed: { venues: [venue, 'bybit'] },
      });
      await simulated.moreTrades(50, venue);
      simulated.simulator.fault({ venue, fault: 'refuse', status: 403 });
      const limited = await simulated.untilStatus({ state: 'rate_limited', venue });
      expect(limited.reason).toContain('Request blocked.');
      expect(limited.details).toMatchObject({ status: '403', retry_in_ms: '600000' });
      await simulated.untilStatus({ state: 'failed_over', venue: 'bybit' });
      await simulated.moreTrades(50, 'bybit');
      expect(simulated.statuses({ state: 'region_blocked' })).toEqual([]);
      await expectWholeAndInOrder(simulated);
    },
  );
});

describe.concurrent('failover when a venue sends no data', () => {
  it('fails over when a venue that answers pings is stale for 5 s, and back after fail_back_after_ms', async () => {
    let lastDataAt = 0;
    await using simulated = await SimulatedFeed.start({
      rates: RATES,
      feed: { venues: TWO, fail_back_after_ms: 2000 },
      venue: BRISK,
      onFrame: (venue, _line, { data }) => {
        if (venue === 'bybit' && Buffer.from(data).includes('"topic"')) lastDataAt = monotonicScheduler.now();
      },
    });
    await simulated.moreTrades(60, 'bybit');
    await until(() => simulated.feed.watches[0]?.states.get('binance')?.hasData);
    simulated.simulator.fault({ venue: 'bybit', fault: 'silence_with_pong' });
    const over = await simulated.untilStatus({ state: 'failed_over' });
    const lastAt = lastDataAt;
    const [stale] = simulated.statuses({ state: 'feed_stale', venue: 'bybit', line: null });
    const staleAfterMs = (stale?.at ?? 0) - lastAt;
    console.log(
      `bybit silent: feed_stale ${staleAfterMs.toFixed(0)} ms after its last data, failed_over ${(over.at - (stale?.at ?? 0)).toFixed(0)} ms later`,
    );
    expect(staleAfterMs).toBeGreaterThanOrEqual(4999);
    expect(staleAfterMs).toBeLessThanOrEqual(5000 + limitMs(500));
    expect(Number(stale?.details.age_ms)).toBeGreaterThanOrEqual(5000);
    expect(Number(stale?.details.age_ms)).toBeLessThanOrEqual(5000 + limitMs(500));
    expect(stale?.cause).toBe('subscription_mute');
    expect(over.at - (stale?.at ?? 0)).toBeLessThan(limitMs(100));
    expect(over).toMatchObject({
      venue: 'binance',
      activeVenue: 'binance',
      cause: 'stale',
      switch: { from: 'bybit', to: 'binance' },
    });

    await simulated.moreTrades(60, 'binance');
    simulated.simulator.clearFaults();
    const recovered = await simulated.untilStatus({
      state: 'feed_recovered',
      venue: 'bybit',
      line: null,
    });
    const back = await simulated.untilStatus({ state: 'failed_back' });
    console.log(`bybit back: failed_back ${(back.at - recovered.at).toFixed(0)} ms after its recovery`);
    expect(back.at - recovered.at).toBeGreaterThanOrEqual(1999);
    expect(back.at - recovered.at).toBeLessThan(2000 + limitMs(1000));
    await simulated.moreTrades(60, 'bybit');

    await expectWholeAndInOrder(simulated);
    const states = ['feed_stale', 'failed_over', 'feed_recovered', 'failed_back', 'trading_halted', 'trading_resumed'];
    expect(venueStory(simulated, states).filter((text) => !text.startsWith('trading'))).toEqual([
      'feed_stale bybit',
      'failed_over binance',
      'feed_recovered bybit',
      'failed_back bybit',
    ]);
    expect(simulated.statuses({}).map(({ sequence }) => sequence)).toEqual(
      simulated.statuses({}).map((_, index) => index + 1),
    );
    const trades = simulated.of('trade').filter(({ symbol }) => symbol === 'BTCUSDT');
    const turns = trades
      .map(({ venue, epoch }) => `${venue} ${epoch}`)
      .filter((turn, index, all) => turn !== all[index - 1]);
    expect(turns).toEqual(['bybit 1', 'binance 2', 'bybit 3']);
    const firstOfStandby = simulated.of('trade').filter(({ venue }) => venue === 'binance');
    expect(firstOfStandby[0]).toMatchObject({ source: 'backfill' });
    expect(firstOfStandby.at(-1)).toMatchObject({ source: 'live' });
    const lastOfBybit = simulated.of('trade').findLast(({ epoch, venue }) => venue === 'bybit' && epoch === 1);
    for (const { receivedAt } of firstOfStandby)
      expect(receivedAt).toBeGreaterThan(lastOfBybit?.receivedAt ?? Number.POSITIVE_INFINITY);
  });

  it('reports socket_dead and fails over if the venue does not answer pings', async () => {
    await using simulated = await SimulatedFeed.start({
      rates: RATES,
      feed: { venues: TWO, stale_after_ms: STALE_MS },
      venue: BRISK,
    });
    await simulated.moreTrades(50, 'bybit');
    await until(() => simulated.feed.watches[0]?.states.get('binance')?.hasData);
    simulated.simulator.fault({ venue: 'bybit', fault: 'silence_without_pong' });
    const over = await simulated.untilStatus({ state: 'failed_over', venue: 'binance' });
    const stale = simulated.statuses({ state: 'feed_stale', venue: 'bybit' });
    expect(stale.map(({ cause }) => cause)).toContain('socket_dead');
    expect(new Set(stale.map(({ cause }) => cause))).toEqual(new Set(['socket_dead']));
    expect(simulated.statuses({ state: 'feed_stale', venue: 'bybit', line: null })).toHaveLength(1);
    expect(over.cause).toBe('stale');
    await simulated.moreTrades(50, 'binance');
    await expectWholeAndInOrder(simulated);
  });

  it.each([
    ['the default order', ['bybit', 'binance']],
    ['a standby venue that repeats its unchanged book', ['binance', 'bybit']],
  ])('reports quiet_market without failover or halt in an idle market: %s', async (_what, venues) => {
    await using simulated = await SimulatedFeed.start({
      rates: RATES,
      feed: { venues, channels: ['trade', 'ticker', 'book_ticker'], stale_after_ms: 3500, coin_stale_after_ms: 60_000 },
      venue: BRISK,
    });
    await simulated.untilStatus({ state: 'trading_resumed' });
    await until(() => [...(simulated.feed.watches[0]?.states.values() ?? [])].every(({ hasData }) => hasData));
    simulated.simulator.fault({ venue: 'all', fault: 'quiet' });
    const stale = await simulated.untilStatus({ state: 'feed_stale', venue: 'binance', line: null });
    expect(stale.cause).toBe('quiet_market');
    await simulated.untilStatus(
      { state: 'heartbeat' },
      { count: simulated.statuses({ state: 'heartbeat' }).length + 3 },
    );
    simulated.simulator.clearFaults();
    await simulated.moreTrades(30);
    expect(simulated.statuses({ state: 'feed_stale' }).filter(({ cause }) => cause !== 'quiet_market')).toEqual([]);
    for (const state of ['failed_over', 'trading_halted', 'disconnected'] as const)
      expect(simulated.statuses({ state })).toEqual([]);
    await simulated.untilStatus({ state: 'feed_recovered', venue: 'binance', line: null });
    await expectWholeAndInOrder(simulated);
  });
});

describe.concurrent('failover when all four venues are down', () => {
  it('retries with capped backoff, and recovers when any venue returns', async () => {
    const rates = { bybit: 40, binance: 40, binance_us: 40, binance_testnet: 40 };
    await using simulated = await SimulatedFeed.start({ rates, feed: { fail_back_after_ms: 500 }, venue: BRISK });
    await simulated.moreTrades(30, 'bybit');
    simulated.simulator.fault({ venue: 'all', fault: 'refuse', status: 503 });
    await simulated.untilStatus({ state: 'trading_halted' });
    await simulated.untilStatus({ state: 'disconnected', cause: 'probing' }, { count: 16 });
    const lost = simulated.statuses({ state: 'disconnected' });
    for (const { cause, details } of lost) {
      if (cause === 'probing') expect(details.retry_in_ms).toBe('300');
      else expect(Number(details.retry_in_ms)).toBeLessThanOrEqual(400);
      expect(Number(details.retry_in_ms)).toBeGreaterThanOrEqual(5);
    }
    expect(new Set(lost.map(({ venue, line }) => `${venue} ${line}`)).size).toBe(8);

    simulated.simulator.clearFaults('binance_us');
    await simulated.untilStatus({ state: 'failed_over', venue: 'binance_us' });
    await simulated.moreTrades(30, 'binance_us');
    await simulated.untilStatus({ state: 'trading_resumed' }, { count: 2 });
    simulated.simulator.clearFaults();
    await simulated.untilStatus({ state: 'failed_back', venue: 'bybit' });
    await simulated.moreTrades(30, 'bybit');
    await expectWholeAndInOrder(simulated);
  });
});

describe.concurrent('failover of one coin that receives no data', () => {
  it('resubscribes the stale coin, and serves it from the next venue until it recovers', async () => {
    const rates = { bybit: 120, binance: 120 };
    const feed = {
      venues: TWO,
      channels: ['trade'],
      stale_after_ms: STALE_MS,
      coin_stale_after_ms: STALE_MS + 500,
      fail_back_after_ms: 1000,
    };
    await using simulated = await SimulatedFeed.start({ rates, coins: ['BTC', 'ETH'], feed, venue: BRISK });
    await simulated.moreTrades(50, 'bybit');
    simulated.simulator.fault({ venue: 'bybit', fault: 'mute_symbol', symbol: 'ETHUSDT' });
    const stale = await simulated.untilStatus({ state: 'feed_stale', venue: 'bybit', coin: 'ETH' });
    expect(stale).toMatchObject({ cause: 'subscription_mute', symbol: 'ETHUSDT' });
    const over = await simulated.untilStatus({ state: 'failed_over', coin: 'ETH' });
    expect(over).toMatchObject({
      venue: 'binance',
      activeVenue: 'bybit',
      symbol: 'ETHUSDT',
      switch: { from: 'bybit', to: 'binance', lastId: expect.any(String) },
    });
    const subscribed = simulated
      .statuses({ state: 'subscribed', venue: 'bybit' })
      .filter(({ at }) => at > stale.at && at < over.at);
    expect(subscribed.map(({ line }) => line).sort()).toEqual([1, 2]);
    await until(() => simulated.of('trade').findLast(({ symbol }) => symbol === 'ETHUSDT')?.venue === 'binance');
    await simulated.moreTrades(30);

    simulated.simulator.clearFaults();
    await simulated.untilStatus({ state: 'feed_recovered', venue: 'bybit', coin: 'ETH' });
    await simulated.untilStatus({ state: 'failed_back', coin: 'ETH' });
    await until(() => simulated.of('trade').findLast(({ symbol }) => symbol === 'ETHUSDT')?.venue === 'bybit');
    const venuesOf = (coin: string) =>
      simulated
        .of('trade')
        .flatMap(({ symbol, venue, epoch }) => (symbol === `${coin}USDT` ? [`${venue} ${epoch}`] : []));
    expect([...new Set(venuesOf('ETH'))]).toEqual(['bybit 1', 'binance 2', 'bybit 3']);
    expect([...new Set(venuesOf('BTC'))]).toEqual(['bybit 1']);
    await expectWholeAndInOrder(simulated);
  });
});

describe.concurrent.each([{ fault: 'mute_channel', channel: 'trade' }, { fault: 'reject_trades' }] as const)(
  'failover if a coin lacks trades: $fault',
  (fault) => {
    it('serves the coin from another venue until its trades return, although its ticker continues', async () => {
      const feed = {
        venues: TWO,
        channels: ['trade', 'ticker'],
        stale_after_ms: STALE_MS,
        coin_stale_after_ms: STALE_MS + 500,
        fail_back_after_ms: 1000,
      };
      const rates = { bybit: 120, binance: 120 };
      await using simulated = await SimulatedFeed.start({ rates, coins: ['BTC', 'ETH'], feed, venue: BRISK });
      await simulated.moreTrades(50, 'bybit');
      simulated.simulator.fault({ venue: 'bybit', ...fault, symbol: 'ETHUSDT' });
      // The fault keeps existing subscriptions and rejects new ones, so the test closes each line. A rejected
      // subscription to ETH is no reason to leave the venue for the other coins.
      if (fault.fault === 'reject_trades')
        for (const line of [1, 2]) {
          simulated.simulator.fault({ venue: 'bybit', fault: 'close', line: 1 });
          await simulated.untilStatus({ state: 'subscription_rejected', venue: 'bybit', line });
        }
      await simulated.untilStatus({ state: 'failed_over', coin: 'ETH', venue: 'binance' });
      await until(() => simulated.of('trade').findLast(({ symbol }) => symbol === 'ETHUSDT')?.venue === 'binance');
      expect(simulated.feed.activeVenue).toBe('bybit');
      simulated.simulator.clearFaults();
      await simulated.untilStatus({ state: 'failed_back', coin: 'ETH' });
      await until(() => simulated.of('trade').findLast(({ symbol }) => symbol === 'ETHUSDT')?.venue === 'bybit');
      await expectWholeAndInOrder(simulated);
    });
  },
);

describe.concurrent.each(['bybit', 'binance'] as const)('two lines of %s', (venue) => {
  const rates = { [venue]: 200 };

  it('publish each trade once and no gap if they are closed one at a time', async () => {
    await using simulated = await SimulatedFeed.start({ rates, feed: { venues: [venue] }, venue: BRISK });
    await simulated.moreTrades(50);
    for (let round = 1; round <= 4; round++) {
      await until(() => simulated.feed.venues[0]?.lines.up === 2);
      await simulated.untilStatus({ state: 'subscribed' }, { count: round + 1 });
      // After its first trade of each coin, a new line can replace the other line without a gap.
      await simulated.moreTrades(150);
      simulated.simulator.fault({ venue, fault: round % 2 === 0 ? 'reset' : 'close', line: 1 });
      await simulated.untilStatus({ state: 'disconnected' }, { count: round });
      await simulated.moreTrades(20);
    }
    expect(simulated.of('gap')).toEqual([]);
    expect(simulated.statuses({ state: 'gap_detected' })).toEqual([]);
    expect(simulated.feed.venues[0]?.duplicates).toBeGreaterThan(300);
    await expectWholeAndInOrder(simulated);
    expect(new Set(simulated.of('trade').map(({ epoch }) => epoch))).toEqual(new Set([1]));
  });

  it('publish a gap for the missing trades before the next trade if both are closed', async () => {
    await using simulated = await SimulatedFeed.start({
      rates,
      feed: { venues: [venue], backfill: false },
      venue: BRISK,
    });
    await simulated.moreTrades(100);
    simulated.simulator.fault({ venue, fault: 'close' });
    simulated.simulator.fault({ venue, fault: 'refuse', status: 503, seconds: 0.5 });
    // A coin may make no trade while both lines are closed. The journal shows below that every missing trade is in a gap.
    await until(() => simulated.of('gap').length > 0, { message: () => simulated.story().join('\n') });
    await simulated.moreTrades(200);
    const gaps = simulated.of('gap');
    for (const gap of gaps) {
      const after = simulated.records.findIndex(
        (record) => record.kind === 'trade' && record.symbol === gap.symbol && record.tradeId === gap.toId,
      );
      expect(after).toBeGreaterThan(simulated.records.indexOf(gap));
      expect(simulated.published.find(({ record }) => record === gap)?.barrier).toBe(true);
      expect(gap).toMatchObject({ venue, epoch: 1, filled: 0, outcome: 'unrepaired' });
    }
    const journal = await simulated.end();
    for (const { symbol, fromId, toId, missing } of gaps) {
      const between = journal.filter(
        (event) =>
          event.kind === 'trade' &&
          event.symbol === symbol &&
          BigInt(event.id) > BigInt(fromId ?? 0) &&
          BigInt(event.id) < BigInt(toId ?? 0),
      );
      expect(missing).toBe(venue === 'bybit' ? null : between.length);
      expect(between.filter(({ sent }) => sent.length > 0)).toEqual([]);
    }
    await expectWholeAndInOrder(simulated);
  });

  it('publish gaps for all missing trades if both reconnect repeatedly', async () => {
    const feed = { venues: [venue], backfill: false };
    await using simulated = await SimulatedFeed.start({ rates: { [venue]: isLong ? 500 : 200 }, feed, venue: BRISK });
    await simulated.moreTrades(50);
    const rounds = isLong ? 40 : 20;
    for (let round = 0; round < rounds; round++) {
      const open = simulated.simulator.counts()[venue]?.lines ?? 0;
      if (open > 0) simulated.simulator.fault({ venue, fault: 'reset', line: 1 + (round % open) });
      // At least once, no line is connected for a while.
      if (round === rounds / 2) simulated.simulator.fault({ venue, fault: 'refuse', status: 503, seconds: 0.4 });
      await delay(20 + ((round * 37) % 150));
    }
    await simulated.moreTrades(100);
    const gaps = simulated.of('gap').length;
    const trades = await expectWholeAndInOrder(simulated);
    console.log(`${venue}, lines that flap: ${trades} trades, ${gaps} gaps`);
    expect(gaps).toBeGreaterThan(0);
  });
});
