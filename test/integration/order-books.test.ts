import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import type { VenueId } from '../../src/domain/instrument.ts';
import type { BookDelta, OrderBookSnapshot } from '../../src/domain/record.ts';
import { compareIds } from '../../src/domain/trade-id.ts';
import { OrderBook } from '../../src/market/book/order-book.ts';
import { startPipeline } from '../../src/runtime/run.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { SimulatedFeed, simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { startSimulate, temporaryFolder } from '../../testing/processes/market-feed-process.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { runPython } from '../../testing/tools/python.ts';
import { until } from '../../testing/tools/until.ts';

// Each test has a simulator and many books in this process. A book waits at most 500 ms for the other line. With more
// tests at once, this time would not be enough.
vi.setConfig({ maxConcurrency: 2 });

const SECONDS = isLong ? 60 : 4;
const TWENTY = 'BTC ETH SOL BNB XRP ADA DOGE AVAX DOT LINK LTC POL UNI ATOM NEAR APT ARB OP FIL TRX'.split(' ');
const COINS = isLong ? TWENTY : TWENTY.slice(0, 3);
/** Trades a second, all coins together. */
const RATE = 15 * COINS.length;
const BTC = 'BTCUSDT';

async function started(venue: VenueId, { feed = {}, rates = {} }: { feed?: object; rates?: object } = {}) {
  const simulated = await SimulatedFeed.start({
    rates: { [venue]: RATE, ...rates },
    coins: COINS,
    symbols: COINS.length,
    feed: { venues: [venue], channels: ['trade', 'depth'], ...feed },
    venue: { reconnect: { initial_delay_ms: 50, max_delay_ms: 400, max_attempts: 5, probe_every_ms: 300 } },
  });
  await until(() => simulated.feed.venues[0]?.lines.up === 2);
  await until(() => COINS.every((coin) => samplesOf(simulated, `${coin}USDT`).length > 1), {
    timeoutMs: 60_000,
    message: () => `a book of each coin; the story was\n${simulated.story().join('\n')}`,
  });
  return simulated;
}

const samplesOf = (simulated: SimulatedFeed, symbol: string): OrderBookSnapshot[] =>
  simulated.of('order_book').filter((book) => book.symbol === symbol);
const deltasOf = (simulated: SimulatedFeed, symbol: string): BookDelta[] =>
  simulated.of('book_delta').filter((delta) => delta.symbol === symbol);

/**
 * Follows the deltas of a symbol as a consumer does. The chain must not break, and a book in `order-books` with the
 * same id must be equal. Returns the number of compared books.
 */
function followed(simulated: SimulatedFeed, symbol: string): number {
  const samples = samplesOf(simulated, symbol).filter(({ stale }) => !stale);
  const bookAt = new Map(samples.map((sample) => [`${sample.epoch} ${sample.updateId}`, sample]));
  const book = new OrderBook();
  let last: BookDelta | undefined;
  let compared = 0;
  for (const delta of deltasOf(simulated, symbol)) {
    if (delta.snapshot) book.replace(delta.bids, delta.asks);
    else {
      expect(delta.previousUpdateId).toBe(last?.lastUpdateId);
      expect(delta.epoch).toBe(last?.epoch);
      book.apply(delta.bids, delta.asks);
    }
    last = delta;
    expect(book.crossed).toBe(false);
    const sample = bookAt.get(`${delta.epoch} ${delta.lastUpdateId}`);
    if (sample === undefined) continue;
    expect({ bids: book.bids(50), asks: book.asks(50) }).toEqual({ bids: sample.bids, asks: sample.asks });
    compared++;
  }
  return compared;
}

const snapshotsOf = (simulated: SimulatedFeed, symbol: string) =>
  deltasOf(simulated, symbol).filter(({ snapshot }) => snapshot);

/** Binance US has the protocol of Binance. */
const VENUES = ['binance', 'bybit', ...(isLong ? (['binance_us'] as const) : [])] as const;

describe.concurrent.each(VENUES)(`${COINS.length} order books of %s`, (venue) => {
  it('recover one stale book after both lines skip its change, and keep the others valid', async () => {
    await using simulated = await started(venue);
    const faultAt = performance.now();
    simulated.simulator.fault({ venue, fault: 'skip_book', symbol: BTC, count: 2 });
    const isStale = () => samplesOf(simulated, BTC).some(({ stale }) => stale);
    await until(isStale, { message: () => `a stale book; the story was\n${simulated.story().join('\n')}` });
    await until(() => samplesOf(simulated, BTC).at(-1)?.stale === false);
    const ofBtc = simulated.published.filter(({ record }) => record.kind === 'order_book' && record.symbol === BTC) as {
      at: number;
      record: OrderBookSnapshot;
    }[];
    const fell = ofBtc.findIndex(({ record }) => record.stale);
    const back = ofBtc.findIndex(({ record }, index) => index > fell && !record.stale);
    const ms = (index: number, from: number) => ((ofBtc[index]?.at ?? Number.NaN) - from).toFixed(0);
    console.log(
      `${venue}: out of step ${ms(fell, faultAt)} ms after the fault, back after ${ms(back, ofBtc[fell]?.at ?? 0)} ms`,
    );
    const others = COINS.map((coin) => `${coin}USDT`).filter((symbol) => symbol !== BTC);
    const counts = () => others.map((symbol) => samplesOf(simulated, symbol).length);
    const before = counts();
    await until(() => counts().every((count, index) => count > (before[index] ?? 0) + 1));
    await simulated.end();

    const beganAnew = new Set(
      simulated.published.flatMap(({ at, record }) =>
        at > faultAt && record.kind === 'book_delta' && record.snapshot ? [record.symbol] : [],
      ),
    );
    expect(ofBtc[fell]?.record).toMatchObject({ bids: ofBtc[fell - 1]?.record.bids });
    // There is one more snapshot if both lines were subscribed again.
    expect(snapshotsOf(simulated, BTC).length).toBeGreaterThanOrEqual(2);
    expect(followed(simulated, BTC)).toBeGreaterThan(2);
    for (const symbol of others) {
      expect(samplesOf(simulated, symbol).filter(({ stale }) => stale)).toEqual([]);
      expect(beganAnew.has(symbol)).toBe(false);
      expect(followed(simulated, symbol)).toBeGreaterThan(1);
    }
  });

  it('receive a change that one line skips from the other line', async () => {
    await using simulated = await started(venue);
    simulated.simulator.fault({ venue, fault: 'skip_book', line: 1, count: 3 });
    const before = simulated.of('book_delta').length;
    await until(() => simulated.of('book_delta').length > before + 25 * COINS.length);
    await simulated.end();
    expect(simulated.of('order_book').filter(({ stale }) => stale)).toEqual([]);
    for (const coin of COINS) expect(followed(simulated, `${coin}USDT`)).toBeGreaterThan(1);
  });
});

describe.concurrent('an order book', () => {
  it('continues after the venue restarts its update ids', async () => {
    await using simulated = await started('bybit');
    simulated.simulator.fault({ venue: 'bybit', fault: 'book_restart', symbol: BTC });
    await until(() => deltasOf(simulated, BTC).some(({ lastUpdateId }) => compareIds(lastUpdateId, '1000') < 0));
    await simulated.moreTrades(RATE);
    await simulated.end();
    expect(followed(simulated, BTC)).toBeGreaterThan(2);
  });

  it('starts the epoch after a failover with a snapshot from the standby venue', async () => {
    await using simulated = await started('bybit', {
      feed: { venues: ['bybit', 'binance'] },
      rates: { binance: RATE },
    });
    simulated.simulator.fault({ venue: 'bybit', fault: 'refuse', seconds: 30 });
    const switched = await simulated.untilStatus({ state: 'failed_over' });
    const ofSecond = () =>
      simulated.published.filter(({ record }) => record.kind === 'book_delta' && record.epoch === 2);
    await until(
      () => new Set(ofSecond().map(({ record }) => 'symbol' in record && record.symbol)).size === COINS.length,
    );
    await simulated.moreTrades(RATE);
    await simulated.end();
    console.log(
      `first book of the next venue ${((ofSecond()[0]?.at ?? 0) - switched.at).toFixed(0)} ms after the switch`,
    );
    for (const coin of COINS) {
      const records = simulated.records.filter(
        (record) => (record.kind === 'book_delta' || record.kind === 'order_book') && record.symbol === `${coin}USDT`,
      ) as (BookDelta | OrderBookSnapshot)[];
      const first = records.findIndex(({ epoch }) => epoch === 2);
      expect(records[first]).toMatchObject({ kind: 'book_delta', snapshot: true, venue: 'binance' });
      expect(records.slice(first).every(({ epoch, venue }) => epoch === 2 && venue === 'binance')).toBe(true);
      expect(followed(simulated, `${coin}USDT`)).toBeGreaterThan(1);
    }
  });

  it('is published only as snapshots for the channels depth5 and depth10', async () => {
    await using simulated = await SimulatedFeed.start({
      rates: { binance: 20 },
      coins: ['BTC'],
      symbols: 1,
      feed: { venues: ['binance'], channels: ['trade', 'depth5', 'depth10'] },
    });
    await until(() => samplesOf(simulated, BTC).length > 2);
    await simulated.end();
    expect(simulated.of('book_delta')).toEqual([]);
    for (const { bids, asks, stale } of samplesOf(simulated, BTC))
      expect([bids.length, asks.length, stale]).toEqual([10, 10, false]);
  });
});

/** `followed` judges the deltas of each venue by the same rules, so one venue is enough for the suite. */
describe.each(isLong ? (['binance', 'bybit'] as const) : (['binance'] as const))(
  `a Python consumer that applies the deltas of ${COINS.length} symbols of %s`,
  (venue) => {
    it(`holds the same best 50 levels as the topic order-books for ${SECONDS} s`, {
      timeout: SECONDS * 2000 + 90_000,
    }, async () => {
      const dir = join(await temporaryFolder(), 'files');
      const simulate = await startSimulate('--symbols', `${COINS.length}`, '--rate', '0', '--rate', `${venue}=${RATE}`);
      const values = simulatedValues(simulate, {
        coins: COINS,
        feed: { venues: [venue], channels: ['trade', 'depth'] },
        file: { dir },
      });
      const often = { interval_ms: 200, delta_snapshot_every_ms: 3000 };
      const config = loadConfig({ values: { ...values, order_books: often } });
      const pipeline = await startPipeline(config, { log: createLog({ level: 'error' }) });
      const seen = new Set<string>();
      pipeline.feed.output$.subscribe(({ records }) => {
        for (const record of records) if (record.kind === 'order_book') seen.add(record.symbol);
      });
      await until(() => seen.size === COINS.length, { timeoutMs: 60_000 });
      await delay(SECONDS * 1000);
      await pipeline.stop('the test is over');
      simulate.signal('SIGTERM');
      expect(await simulate.exited).toBe(0);

      const { stdout } = await runPython('apply_deltas.py', ['--folder', dir]);
      const { symbols, total } = JSON.parse(stdout) as {
        symbols: Record<string, { compared: number; mismatches: number; unmatched: number; breaks: number }>;
        total: object;
      };
      console.log(`${venue}: ${JSON.stringify(total)}`);
      expect(Object.keys(symbols)).toHaveLength(COINS.length);
      for (const one of Object.values(symbols)) {
        expect(one).toMatchObject({ mismatches: 0, unmatched: 0, breaks: 0 });
        expect(one.compared).toBeGreaterThan(SECONDS);
      }
    });
  },
);
