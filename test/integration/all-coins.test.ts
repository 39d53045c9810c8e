import { describe, expect, it } from 'vitest';
import type { VenueId } from '../../src/domain/instrument.ts';
import { SimulatedFeed } from '../../testing/feeds/simulated-feed.ts';
import { epochProblems } from '../../testing/judges/epoch-rules.ts';
import { compareTrades } from '../../testing/judges/journal.ts';
import { until } from '../../testing/tools/until.ts';

const RATES = { bybit: 200, binance: 200 };
const TWO = ['bybit', 'binance'] as const;
const LIST_EVERY_MS = 250;
const WAIT = { timeoutMs: 60_000 };

const symbolsOf = (simulated: SimulatedFeed): readonly string[] =>
  simulated.statuses({ state: 'heartbeat' }).at(-1)?.heartbeat?.symbols ?? [];

function lastVenueOf(simulated: SimulatedFeed, symbol: string): string | undefined {
  return simulated.of('trade').findLast((trade) => trade.symbol === symbol)?.venue;
}

async function servedBy(simulated: SimulatedFeed, symbol: string, venue: VenueId): Promise<void> {
  await until(() => lastVenueOf(simulated, symbol) === venue, {
    ...WAIT,
    message: () => `${symbol} is served by ${venue}; the story was\n${simulated.story().join('\n')}`,
  });
}

describe('the feed of all listed coins', () => {
  it('follows listings and delistings without disconnects, and serves each coin from a venue that lists it', async () => {
    await using simulated = await SimulatedFeed.start({
      rates: RATES,
      coins: { all: true },
      feed: { venues: TWO },
      listEveryMs: LIST_EVERY_MS,
      before: ({ fault }) => {
        fault({ venue: 'bybit', fault: 'delist_symbol', symbol: 'ADAUSDT' });
        fault({ venue: 'all', fault: 'delist_symbol', symbol: 'TRXUSDT' });
      },
    });
    await servedBy(simulated, 'BTCUSDT', 'bybit');
    await servedBy(simulated, 'ADAUSDT', 'binance');
    await until(() => symbolsOf(simulated).length === 19, WAIT);

    simulated.simulator.fault({ venue: 'bybit', fault: 'list_symbol', symbol: 'ADAUSDT' });
    await simulated.untilStatus({ state: 'subscribed', venue: 'bybit', coin: 'ADA', cause: 'listed' }, WAIT);
    await servedBy(simulated, 'ADAUSDT', 'bybit');

    simulated.simulator.fault({ venue: 'bybit', fault: 'delist_symbol', symbol: 'SOLUSDT' });
    const delisted = { state: 'subscription_rejected', coin: 'SOL', cause: 'delisted' } as const;
    await simulated.untilStatus({ ...delisted, venue: 'bybit' }, WAIT);
    await servedBy(simulated, 'SOLUSDT', 'binance');
    expect(symbolsOf(simulated)).toContain('SOLUSDT');

    simulated.simulator.fault({ venue: 'binance', fault: 'delist_symbol', symbol: 'SOLUSDT' });
    await simulated.untilStatus({ ...delisted, venue: 'binance' }, WAIT);
    await until(() => !symbolsOf(simulated).includes('SOLUSDT'), WAIT);

    simulated.simulator.fault({ venue: 'all', fault: 'list_symbol', symbol: 'TRXUSDT' });
    await servedBy(simulated, 'TRXUSDT', 'bybit');
    await until(() => symbolsOf(simulated).includes('TRXUSDT'), WAIT);

    expect(simulated.statuses({ state: 'disconnected' })).toEqual([]);
    expect(simulated.statuses({ state: 'failed_over', coin: null })).toEqual([]);
    const journal = await simulated.end();
    expect(epochProblems(simulated.published)).toEqual([]);
    expect(compareTrades(simulated.records, journal).problems).toEqual([]);
  });

  it('follows only the most traded coins if top_by_volume is set, the same coins at each venue', async () => {
    await using simulated = await SimulatedFeed.start({
      rates: RATES,
      coins: { all: true, top_by_volume: 5 },
      feed: { venues: TWO },
      // Trades would change the volumes, so there are none before the list is compared.
      before: ({ setRate }) => {
        for (const venue of TWO) setRate(venue, 0);
      },
    });
    await until(() => symbolsOf(simulated).length === 5, WAIT);
    const volumes = await fetch(`${simulated.simulator.httpUrl}/bybit/v5/market/tickers?category=spot`);
    const { result } = (await volumes.json()) as { result: { list: { symbol: string; turnover24h: string }[] } };
    const ranked = result.list.toSorted((a, b) => Number(b.turnover24h) - Number(a.turnover24h));
    const most = ranked.slice(0, 5).map(({ symbol }) => symbol);
    expect(symbolsOf(simulated).toSorted()).toEqual(most.toSorted());
    for (const venue of TWO) simulated.simulator.setRate(venue, RATES[venue]);
    await simulated.moreTrades(100, 'bybit');
    await until(() => simulated.feed.watches[0]?.states.get('binance')?.hasData, WAIT);
    expect(simulated.statuses({ state: 'subscription_rejected' })).toEqual([]);
  });
});
