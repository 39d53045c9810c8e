import { describe, expect, it, vi } from 'vitest';
import type { VenueId } from '../../src/domain/instrument.ts';
import { SimulatedFeed } from '../../testing/feeds/simulated-feed.ts';
import { epochProblems } from '../../testing/judges/epoch-rules.ts';
import { compareTrades } from '../../testing/judges/journal.ts';
import { until } from '../../testing/tools/until.ts';

vi.setConfig({ maxConcurrency: 4 });

const BTC = 'BTCUSDT';
const ETH = 'ETHUSDT';
const BRISK = { reconnect: { initial_delay_ms: 50, max_delay_ms: 400, max_attempts: 5, probe_every_ms: 300 } };

/** Starts a feed of BTC and ETH. REST rows of trades whose id is divisible by `every` have no price. */
async function started(venue: VenueId, rate: number, every: number): Promise<SimulatedFeed> {
  const simulated = await SimulatedFeed.start({
    rates: { [venue]: rate },
    coins: ['BTC', 'ETH'],
    symbols: 2,
    feed: { venues: [venue], channels: ['trade'] },
    venue: BRISK,
    before(simulator) {
      for (const symbol of [BTC, ETH]) simulator.fault({ venue, fault: 'bad_rows', symbol, count: every });
    },
  });
  await until(() => simulated.feed.venues[0]?.lines.up === 2);
  await simulated.moreTrades(4 * every);
  return simulated;
}

/** Ends the feed. Its records must obey the rules and agree with the journal. Returns the journal. */
async function end(simulated: SimulatedFeed) {
  const journal = await simulated.end();
  expect(epochProblems(simulated.published)).toEqual([]);
  expect(compareTrades(simulated.records, journal).problems).toEqual([]);
  return journal;
}

const isInside = (id: string, { fromId, toId }: { fromId: string | null; toId: string | null }) =>
  BigInt(id) > BigInt(fromId ?? 0) && BigInt(id) < BigInt(toId ?? 0);

describe.concurrent('an unreadable row of a REST page', () => {
  it.each<VenueId>(['binance', 'binance_us'])('costs %s only its own trade of a gap', async (venue) => {
    const every = 20;
    await using simulated = await started(venue, 200, every);
    simulated.simulator.fault({ venue, fault: 'skip_trades', symbol: BTC, count: 2 * every });
    simulated.simulator.fault({ venue, fault: 'skip_trades', symbol: ETH, count: 3 });
    await until(() => simulated.of('gap').length >= 2, { message: () => simulated.story().join('\n') });
    await simulated.moreTrades(50);
    const trades = simulated.of('trade');
    for (const gap of simulated.of('gap')) {
      const { symbol, missing, filled, outcome } = gap;
      const fetched = trades.filter((trade) => trade.symbol === symbol && isInside(trade.tradeId, gap));
      const ids = Array.from({ length: missing ?? 0 }, (_, at) => BigInt(gap.fromId ?? 0) + BigInt(at + 1));
      const readable = ids.filter((id) => id % BigInt(every) !== 0n);
      if (venue === 'binance') expect(fetched.map(({ tradeId }) => BigInt(tradeId))).toEqual(readable);
      expect(filled).toBeGreaterThanOrEqual(readable.length);
      expect(outcome).toBe(filled === missing ? 'repaired' : 'unrepaired');
    }
    // Candles are fetched at the start, and their pages have an unreadable row, too.
    const letter = simulated.of('dead_letter').find(({ reason }) => !/kline/.test(reason));
    expect(letter).toMatchObject({ venue, stage: 'decode' });
    expect(letter?.reason).toMatch(/^GET \/api\/v3\/\w+\?symbol=(BTC|ETH)USDT&\S+: \[\d+\]\.price is null, not /);
    expect(Buffer.from(letter?.payload ?? []).toString()).toMatch(/^\{"id":\d+0,"price":null,"qty":"/);
    expect(simulated.feed.venues[0]?.counts.malformed).toBe(simulated.of('dead_letter').length);
    await end(simulated);
  });

  it('leaves a gap of Bybit where its trade was, and the other rows fill theirs', async () => {
    const every = 10;
    await using simulated = await started('bybit', 50, every);
    simulated.simulator.fault({ venue: 'bybit', fault: 'close' });
    simulated.simulator.fault({ venue: 'bybit', fault: 'refuse', status: 503, seconds: 1 });
    await until(() => simulated.of('gap').length >= 2, { message: () => simulated.story().join('\n') });
    await simulated.moreTrades(50);
    // Candles are fetched at the start, and their pages have an unreadable row, too.
    const letter = simulated.of('dead_letter').find(({ reason }) => !/kline/.test(reason));
    expect(letter?.reason).toMatch(
      /^GET \/v5\/market\/recent-trade\?category=spot&symbol=(BTC|ETH)USDT&limit=60: result\.list\[\d+\]\.price is null, not /,
    );
    const journal = await end(simulated);
    const published = new Set(simulated.of('trade').map(({ symbol, tradeId }) => `${symbol} ${tradeId}`));
    const [begin, last] = [simulated.of('trade')[0]?.timestamp ?? 0, simulated.of('trade').at(-1)?.timestamp ?? 0];
    const lost = journal.filter(
      ({ kind, id, symbol, time }) =>
        kind === 'trade' &&
        [BTC, ETH].includes(symbol) &&
        time > begin &&
        time < last - 500 &&
        !published.has(`${symbol} ${id}`),
    );
    expect(lost.length).toBeGreaterThan(0);
    for (const { id, symbol } of lost) {
      expect(BigInt(id) % BigInt(every)).toBe(0n);
      const gaps = simulated.of('gap').filter((gap) => gap.symbol === symbol && isInside(id, gap));
      expect(gaps.map(({ missing, outcome }) => [missing, outcome])).toEqual([[null, 'unrepaired']]);
    }
    expect(simulated.of('trade').filter(({ source }) => source === 'backfill').length).toBeGreaterThan(0);
  });
});
