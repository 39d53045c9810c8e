import { describe, expect, it, vi } from 'vitest';
import type { Gap } from '../../src/domain/record.ts';
import { SimulatedFeed } from '../../testing/feeds/simulated-feed.ts';
import { epochProblems } from '../../testing/judges/epoch-rules.ts';
import { compareTrades, type JournalEvent } from '../../testing/judges/journal.ts';
import { limitMs } from '../../testing/tools/limit-ms.ts';
import { until } from '../../testing/tools/until.ts';

vi.setConfig({ maxConcurrency: 8 });

const RATE = 150;
const BRISK = { reconnect: { initial_delay_ms: 50, max_delay_ms: 400, max_attempts: 5, probe_every_ms: 300 } };

interface Started {
  readonly venue?: 'binance' | 'binance_us' | 'bybit';
  readonly rate?: number;
  readonly coins?: readonly string[];
  readonly feed?: object;
}

async function started({ venue = 'binance', rate = RATE, coins, feed = {} }: Started = {}): Promise<SimulatedFeed> {
  const simulated = await SimulatedFeed.start({
    rates: { [venue]: rate },
    ...(coins === undefined ? {} : { coins }),
    feed: { venues: [venue], channels: ['trade'], ...feed },
    venue: BRISK,
  });
  await until(() => simulated.feed.venues[0]?.lines.up === 2);
  await simulated.moreTrades(rate / 2);
  return simulated;
}

function gapsOf(simulated: SimulatedFeed, symbol?: string): Gap[] {
  return simulated.of('gap').filter((gap) => symbol === undefined || gap.symbol === symbol);
}

async function untilGaps(simulated: SimulatedFeed, count: number, timeoutMs = 60_000): Promise<Gap[]> {
  await until(() => gapsOf(simulated).length >= count, {
    timeoutMs,
    everyMs: 5,
    message: () => `${count} gaps; the story was\n${simulated.story().join('\n')}`,
  });
  return gapsOf(simulated);
}

/** When a record was published, by `performance.now()`. */
function timeOf(simulated: SimulatedFeed, record: object | undefined): number {
  return simulated.published.find((published) => published.record === record)?.at ?? Number.NaN;
}

/** Ends the feed. Its records must obey every rule and agree with the journal. Returns the journal. */
async function expectWholeAndInOrder(simulated: SimulatedFeed): Promise<JournalEvent[]> {
  const journal = await simulated.end();
  expect(epochProblems(simulated.published)).toEqual([]);
  const { problems, trades } = compareTrades(simulated.records, journal);
  expect(problems).toEqual([]);
  expect(trades).toBeGreaterThan(0);
  for (const gap of gapsOf(simulated)) {
    const published = simulated.published.find(({ record }) => record === gap);
    expect(published?.barrier).toBe(true);
    const after = simulated.records.findIndex(
      (record) => record.kind === 'trade' && record.symbol === gap.symbol && record.tradeId === gap.toId,
    );
    expect(after).toBeGreaterThan(simulated.records.indexOf(gap));
  }
  return journal;
}

/**
 * Returns the ids of a symbol's trades that were sent to no connection, between its first and its last published trade.
 */
function unsent(simulated: SimulatedFeed, journal: readonly JournalEvent[], symbol: string): string[] {
  const published = simulated.of('trade').filter((trade) => trade.symbol === symbol);
  const [first, last] = [published[0], published.at(-1)].map((trade) => BigInt(trade?.tradeId ?? 0));
  return journal.flatMap(({ kind, id, sent, symbol: of }) => {
    const inside = BigInt(id) >= (first ?? 0n) && BigInt(id) <= (last ?? 0n);
    return kind === 'trade' && of === symbol && sent.length === 0 && inside ? [id] : [];
  });
}

describe.concurrent('gap repair at Binance', () => {
  it('fetches trades that no line delivers, and delays only their symbol', async () => {
    await using simulated = await started({ rate: 3 * RATE });
    const skippedAt = performance.now();
    simulated.simulator.fault({ venue: 'binance', fault: 'skip_trades', symbol: 'BTCUSDT', count: 5 });
    const [gap] = await untilGaps(simulated, 1);
    await simulated.moreTrades(RATE / 2);
    expect(gap).toMatchObject({
      venue: 'binance',
      symbol: 'BTCUSDT',
      epoch: 1,
      missing: 5,
      filled: 5,
      outcome: 'repaired',
    });
    console.log(`5 skipped trades were repaired ${(timeOf(simulated, gap) - skippedAt).toFixed(0)} ms after the fault`);

    const details = {
      from_id: gap?.fromId ?? '',
      to_id: gap?.toId ?? '',
      missing: '5',
    };
    const about = { venue: 'binance', symbol: 'BTCUSDT', coin: 'BTC', channel: 'trade' };
    expect(simulated.statuses({ state: 'gap_detected', ...about, details })).toHaveLength(1);
    expect(simulated.statuses({ state: 'gap_repaired', ...about, details: { ...details, filled: '5' } })).toHaveLength(
      1,
    );
    expect(simulated.statuses({ state: 'gap_unrepaired' })).toEqual([]);

    const trades = simulated.of('trade');
    const inGap = trades.filter(
      ({ symbol, tradeId }) =>
        symbol === 'BTCUSDT' && BigInt(tradeId) > BigInt(gap?.fromId ?? 0) && BigInt(tradeId) < BigInt(gap?.toId ?? 0),
    );
    expect(inGap.map(({ source, conditions, lastTradeId }) => [source, conditions, lastTradeId])).toEqual(
      Array.from({ length: 5 }, () => ['backfill', [], null]),
    );
    const before = trades.find(({ symbol, tradeId }) => symbol === 'BTCUSDT' && tradeId === gap?.fromId);
    const others = simulated.published
      .filter(({ record }) => record.kind === 'trade' && record.symbol !== 'BTCUSDT')
      .map(({ at }) => at)
      .filter((at) => at > timeOf(simulated, before) && at < timeOf(simulated, gap));
    expect(others.length).toBeGreaterThan(10);

    const journal = await expectWholeAndInOrder(simulated);
    expect(unsent(simulated, journal, 'BTCUSDT')).toEqual(inGap.map(({ tradeId }) => tradeId));
  });

  it('fills gaps of several symbols at once, repeatedly', async () => {
    await using simulated = await started({ rate: 400 });
    for (let round = 0; round < 3; round++) {
      for (const symbol of ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'])
        simulated.simulator.fault({ venue: 'binance', fault: 'skip_trades', symbol, count: 1 + round * 4 });
      await untilGaps(simulated, 3 * (round + 1));
    }
    await simulated.moreTrades(50);
    expect(gapsOf(simulated).map(({ missing, filled }) => [missing, filled])).toEqual(
      [1, 1, 1, 5, 5, 5, 9, 9, 9].map((count) => [count, count]),
    );
    await expectWholeAndInOrder(simulated);
  });

  it('fetches the trades of a second in which both lines are down', async () => {
    await using simulated = await started();
    simulated.simulator.fault({ venue: 'binance', fault: 'close' });
    simulated.simulator.fault({ venue: 'binance', fault: 'refuse', status: 503, seconds: 1 });
    const gaps = await untilGaps(simulated, 3);
    await simulated.moreTrades(RATE);
    for (const gap of gaps) expect(gap).toMatchObject({ outcome: 'repaired', filled: gap.missing });
    const journal = await expectWholeAndInOrder(simulated);
    for (const { symbol, missing, fromId, toId } of gaps) {
      const lost = unsent(simulated, journal, symbol).filter(
        (id) => BigInt(id) > BigInt(fromId ?? 0) && BigInt(id) < BigInt(toId ?? 0),
      );
      expect(lost.length).toBeGreaterThan(0);
      expect(missing).toBeGreaterThanOrEqual(lost.length);
    }
  });

  it("repairs a symbol without waiting for another symbol's gap that cannot be filled", async () => {
    await using simulated = await started();
    simulated.simulator.fault({ venue: 'binance', fault: 'id_jump', symbol: 'BTCUSDT', count: 7 });
    simulated.simulator.fault({ venue: 'binance', fault: 'skip_trades', symbol: 'ETHUSDT', count: 3 });
    await untilGaps(simulated, 2);
    await simulated.moreTrades(50);
    const [eth, btc] = [...gapsOf(simulated, 'ETHUSDT'), ...gapsOf(simulated, 'BTCUSDT')];
    expect(eth).toMatchObject({ outcome: 'repaired', missing: 3, filled: 3 });
    expect(btc).toMatchObject({ outcome: 'unrepaired', missing: 7, filled: 0 });
    const waited = timeOf(simulated, btc) - timeOf(simulated, eth);
    console.log(`ETH was repaired ${waited.toFixed(0)} ms before BTC, which cannot be, was given up`);
    expect(waited).toBeGreaterThan(5000);
    await expectWholeAndInOrder(simulated);
  });
});

describe.concurrent('gap repair at Binance US', () => {
  it('fetches the trades of a second in which both lines are down', async () => {
    await using simulated = await started({ venue: 'binance_us' });
    simulated.simulator.fault({ venue: 'binance_us', fault: 'close' });
    simulated.simulator.fault({ venue: 'binance_us', fault: 'refuse', status: 503, seconds: 1 });
    const gaps = await untilGaps(simulated, 3);
    await simulated.moreTrades(RATE);
    for (const gap of gaps) expect(gap).toMatchObject({ outcome: 'repaired', filled: gap.missing });
    await expectWholeAndInOrder(simulated);
  });

  it('fetches aggregated trades if the last trades do not reach back, and counts all their ids', async () => {
    await using simulated = await started({ venue: 'binance_us', rate: 4000, coins: ['BTC'] });
    simulated.simulator.fault({ venue: 'binance_us', fault: 'skip_trades', symbol: 'BTCUSDT', count: 1500 });
    const [gap] = await untilGaps(simulated, 1, 25_000);
    await simulated.moreTrades(200);
    const aggregated = simulated.of('trade').filter(({ conditions }) => conditions.includes('aggregated'));
    expect(aggregated.length).toBeGreaterThan(100);
    expect(
      aggregated.some(({ tradeId, lastTradeId }) => lastTradeId !== null && BigInt(lastTradeId) > BigInt(tradeId)),
    ).toBe(true);
    expect(new Set(aggregated.map(({ source }) => source))).toEqual(new Set(['backfill']));
    expect(gap?.missing).toBe(1500);
    console.log(`of 1500 trades ${gap?.filled} came, as ${aggregated.length} aggregated ones: ${gap?.outcome}`);
    // If an aggregate began before the gap, its trades in the gap stay missing.
    expect(gap?.filled).toBeGreaterThan(1000);
    await expectWholeAndInOrder(simulated);
  });
});

describe.concurrent('gap repair of aggregated trades', () => {
  it.each(['binance', 'binance_us'] as const)('fetches missing aggregated trades of %s', async (venue) => {
    await using simulated = await SimulatedFeed.start({
      rates: { [venue]: RATE },
      feed: { venues: [venue], channels: ['agg_trade'] },
      venue: BRISK,
    });
    const came = (): number => simulated.of('agg_trade').length;
    await until(() => simulated.feed.venues[0]?.lines.up === 2 && came() > 50);
    simulated.simulator.fault({ venue, fault: 'close' });
    simulated.simulator.fault({ venue, fault: 'refuse', status: 503, seconds: 1 });
    await untilGaps(simulated, 3);
    const enough = came() + RATE;
    await until(() => came() >= enough);
    for (const gap of gapsOf(simulated)) expect(gap).toMatchObject({ outcome: 'repaired', filled: gap.missing });
    const fetched = simulated.of('agg_trade').filter(({ source }) => source === 'backfill');
    expect(fetched.length).toBeGreaterThan(10);
    expect(fetched.every(({ tradeId, firstTradeId }) => tradeId === firstTradeId)).toBe(true);
    // The journal lacks aggregates that were sent to no line. Here the ids of their trades show that none is missing.
    for (const symbol of ['BTCUSDT', 'ETHUSDT', 'SOLUSDT']) {
      const trades = simulated.of('agg_trade').filter((trade) => trade.symbol === symbol);
      const jumps = trades.filter(({ tradeId }, index) => {
        const before = trades[index - 1];
        return before !== undefined && BigInt(tradeId) !== BigInt(before.lastTradeId) + 1n;
      });
      expect(jumps).toEqual([]);
      expect(trades.length).toBeGreaterThan(10);
    }
  });
});

describe.concurrent('gap repair at Bybit after both lines are down', () => {
  it('publishes all missed trades in order if the recent trades reach back', async () => {
    await using simulated = await started({ venue: 'bybit', rate: 60 });
    simulated.simulator.fault({ venue: 'bybit', fault: 'close' });
    simulated.simulator.fault({ venue: 'bybit', fault: 'refuse', status: 503, seconds: 0.7 });
    const gaps = await untilGaps(simulated, 3);
    await simulated.moreTrades(60);
    for (const gap of gaps) {
      expect(gap).toMatchObject({ outcome: 'repaired', filled: gap.missing });
      expect(simulated.statuses({ state: 'gap_repaired', details: { from_id: gap.fromId ?? '' } })).toHaveLength(1);
    }
    const journal = await expectWholeAndInOrder(simulated);
    const published = new Set(simulated.of('trade').map(({ symbol, tradeId }) => `${symbol} ${tradeId}`));
    for (const symbol of ['BTCUSDT', 'ETHUSDT', 'SOLUSDT']) {
      const lost = unsent(simulated, journal, symbol);
      expect(lost.filter((id) => !published.has(`${symbol} ${id}`))).toEqual([]);
    }
    expect(simulated.statuses({ state: 'gap_unrepaired' })).toEqual([]);
  });

  it('publishes a gap up to the oldest recent trade if the recent trades do not reach back', async () => {
    await using simulated = await started({ venue: 'bybit', rate: 800, coins: ['BTC'] });
    simulated.simulator.fault({ venue: 'bybit', fault: 'close' });
    simulated.simulator.fault({ venue: 'bybit', fault: 'refuse', status: 503, seconds: 2 });
    const [gap] = await untilGaps(simulated, 1);
    await simulated.moreTrades(200);
    expect(gapsOf(simulated)).toHaveLength(1);
    expect(gap).toMatchObject({ missing: null, filled: 0, outcome: 'unrepaired' });
    const details = { from_id: gap?.fromId ?? '', to_id: gap?.toId ?? '', missing: 'unknown' };
    for (const state of ['gap_detected', 'gap_unrepaired'] as const)
      expect(simulated.statuses({ state, venue: 'bybit', coin: 'BTC', details })).toHaveLength(1);
    const trades = simulated.of('trade');
    const at = trades.findIndex(({ tradeId }) => tradeId === gap?.toId);
    expect(trades[at - 1]?.tradeId).toBe(gap?.fromId);
    expect([trades[at - 1]?.timestamp, trades[at]?.timestamp]).toEqual([gap?.fromTime, gap?.toTime]);
    expect(trades[at - 1]?.source).toBe('live');
    expect(trades.slice(at, at + 20).every(({ source }) => source === 'backfill')).toBe(true);
    const journal = await expectWholeAndInOrder(simulated);
    const inside = journal.filter(
      ({ kind, id }) =>
        kind === 'trade' && BigInt(id) > BigInt(gap?.fromId ?? 0) && BigInt(id) < BigInt(gap?.toId ?? 0),
    );
    console.log(`${inside.length} trades of Bybit lie in the gap`);
    expect(inside.length).toBeGreaterThan(0);
  });

  it('publishes an unrepaired gap, and then the waiting trades, if REST is refused too', async () => {
    await using simulated = await started({ venue: 'bybit', rate: 60, coins: ['BTC'] });
    simulated.simulator.fault({ venue: 'bybit', fault: 'refuse_rest', status: 500, seconds: 30 });
    simulated.simulator.fault({ venue: 'bybit', fault: 'close' });
    const [gap] = await untilGaps(simulated, 1);
    expect(gap).toMatchObject({ missing: null, filled: 0, outcome: 'unrepaired' });
    await simulated.moreTrades(100);
    expect(gapsOf(simulated)).toHaveLength(1);
    await expectWholeAndInOrder(simulated);
  });
});

describe.concurrent('a testnet that restarts its trade ids', () => {
  it('starts a new epoch with an open-ended gap for each symbol, and backfills no trade', async () => {
    await using simulated = await started();
    simulated.simulator.fault({ venue: 'binance', fault: 'testnet_reset' });
    const gaps = await untilGaps(simulated, 3);
    await simulated.moreTrades(RATE);
    for (const gap of gaps) expect(gap).toMatchObject({ toId: null, missing: null, filled: 0, outcome: 'unknown' });
    expect(gapsOf(simulated)).toHaveLength(3);
    expect(simulated.statuses({ state: 'gap_detected', cause: 'ids_restarted' })).toHaveLength(3);
    for (const state of ['gap_repaired', 'gap_unrepaired'] as const) expect(simulated.statuses({ state })).toEqual([]);
    for (const { symbol, fromId } of gaps) {
      const trades = simulated.of('trade').filter((trade) => trade.symbol === symbol);
      const at = trades.findIndex(({ tradeId }) => tradeId === fromId);
      expect(BigInt(trades[at + 1]?.tradeId ?? 0)).toBeLessThan(BigInt(fromId ?? 0));
      expect([trades[at]?.epoch, trades[at + 1]?.epoch]).toEqual([1, 2]);
      expect(trades.every(({ source }) => source === 'live')).toBe(true);
    }
    expect(epochProblems(simulated.published)).toEqual([]);
  });
});

describe.concurrent('a gap that cannot be filled', () => {
  it.each([429, 500])(
    'is published as unrepaired, with exact bounds, after 10 s in which REST is refused with %i',
    async (status) => {
      await using simulated = await started();
      simulated.simulator.fault({ venue: 'binance', fault: 'refuse_rest', status, seconds: 25 });
      simulated.simulator.fault({ venue: 'binance', fault: 'skip_trades', symbol: 'BTCUSDT', count: 4 });
      const [gap] = await untilGaps(simulated, 1);
      await simulated.moreTrades(RATE);
      expect(gap).toMatchObject({ symbol: 'BTCUSDT', epoch: 1, missing: 4, filled: 0, outcome: 'unrepaired' });
      expect(gapsOf(simulated)).toHaveLength(1);
      const before = simulated
        .of('trade')
        .find(({ symbol, tradeId }) => symbol === 'BTCUSDT' && tradeId === gap?.fromId);
      const after = simulated.of('trade').find(({ symbol, tradeId }) => symbol === 'BTCUSDT' && tradeId === gap?.toId);
      expect([gap?.fromTime, gap?.toTime]).toEqual([before?.timestamp, after?.timestamp]);
      const heldMs = timeOf(simulated, gap) - (after?.receivedAt ?? 0) / 1000 + performance.timeOrigin;
      console.log(`REST refused with ${status}: given up after ${heldMs.toFixed(0)} ms`);
      expect(heldMs).toBeGreaterThan(9900);
      expect(heldMs).toBeLessThan(10_000 + limitMs(500));
      const [detected, ...more] = simulated.statuses({ state: 'gap_detected', details: { to_id: gap?.toId ?? '' } });
      expect(more).toEqual([]);
      const reportedAfterMs = (detected?.at ?? 0) - (after?.receivedAt ?? 0) / 1000 + performance.timeOrigin;
      console.log(`and reported ${reportedAfterMs.toFixed(0)} ms after the first trade behind it`);
      expect(reportedAfterMs).toBeLessThan(limitMs(1500));
      const about = { venue: 'binance', symbol: 'BTCUSDT', coin: 'BTC' };
      const details = { missing: '4', filled: '0' };
      expect(simulated.statuses({ state: 'gap_unrepaired', ...about, details })).toHaveLength(1);
      expect(simulated.statuses({ state: 'gap_repaired' })).toEqual([]);
      const journal = await expectWholeAndInOrder(simulated);
      expect(unsent(simulated, journal, 'BTCUSDT')).toEqual(
        [1, 2, 3, 4].map((step) => String(BigInt(gap?.fromId ?? 0) + BigInt(step))),
      );
    },
  );

  it('is published as unrepaired within 1 s if backfill is off', async () => {
    await using simulated = await started({ feed: { backfill: false } });
    simulated.simulator.fault({ venue: 'binance', fault: 'skip_trades', symbol: 'BTCUSDT', count: 4 });
    const [gap] = await untilGaps(simulated, 1);
    await simulated.moreTrades(50);
    expect(gap).toMatchObject({ symbol: 'BTCUSDT', missing: 4, filled: 0, outcome: 'unrepaired' });
    const after = simulated.of('trade').find(({ symbol, tradeId }) => symbol === 'BTCUSDT' && tradeId === gap?.toId);
    const heldMs = timeOf(simulated, gap) - (after?.receivedAt ?? 0) / 1000 + performance.timeOrigin;
    expect(heldMs).toBeLessThan(limitMs(1000));
    await expectWholeAndInOrder(simulated);
  });
});

describe.concurrent('a gap of the standby venue', () => {
  it('is not published in the new epoch if it is filled while the active venue becomes stale', async () => {
    let frames = 0;
    await using simulated = await SimulatedFeed.start({
      rates: { bybit: RATE, binance: 2 * RATE },
      feed: { venues: ['bybit', 'binance'], channels: ['trade'], stale_after_ms: 1500 },
      venue: BRISK,
      onFrame: (venue, _line, { data }) => {
        if (venue === 'binance' && Buffer.from(data).includes('"s":"BTCUSDT"')) frames++;
      },
    });
    await until(() => simulated.feed.venues.every(({ lines }) => lines.up === 2));
    await simulated.moreTrades(RATE / 2, 'bybit');
    simulated.simulator.fault({ venue: 'binance', fault: 'skip_trades', symbol: 'BTCUSDT', count: 5 });
    const from = frames;
    await until(() => frames >= from + 24, { everyMs: 1 });
    simulated.simulator.fault({ venue: 'bybit', fault: 'silence_with_pong' });
    await simulated.untilStatus({ state: 'failed_over', venue: 'binance' });
    await simulated.moreTrades(RATE / 2, 'binance');
    expect(simulated.of('trade').some(({ venue, symbol }) => venue === 'binance' && symbol === 'BTCUSDT')).toBe(true);
    expect(gapsOf(simulated).filter(({ venue }) => venue === 'binance')).toEqual([]);
    await expectWholeAndInOrder(simulated);
  });
});
