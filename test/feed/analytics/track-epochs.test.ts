import fc from 'fast-check';
import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Kline } from '../../../src/domain/record.ts';
import type { TradeStatsOptions } from '../../../src/feed/feed-options.ts';
import { kline, tradeEvent } from '../../../testing/judges/events.ts';
import { sampleGap } from '../../../testing/records/sample-records.ts';
import { type RecentTrades, type StatsRecord, StatsStages } from './stats-stages.ts';

const OPTIONS: TradeStatsOptions = {
  windowsMs: [1000, 10_000],
  allowedLatenessMs: 500,
  idleAfterMs: 2000,
  historyTrades: 20,
  largeTradeThreshold: 3,
};
const SYMBOLS = ['BTCUSDT', 'ETHUSDT'] as const;
const trade = (symbol: string, id: number, timestamp: number, quantity = '1') =>
  tradeEvent(id, { symbol, timestamp, receivedAt: timestamp * 1000, quantity, epoch: 1 });
const epoch = (number: number) => ({ venue: 'binance', epoch: number, at: 0 });

/** The trades of the previous run: the first three of each symbol, in a window of ten seconds that is still open. */
const recent: RecentTrades = SYMBOLS.map((symbol) => ({
  symbol,
  venue: 'binance',
  epoch: 1,
  trades: [1, 2, 3].map((id) => trade(symbol, id, 10_000 + id * 1000)),
  publishedTo: Number.NEGATIVE_INFINITY,
  windows: [],
  gaps: [],
  knownFrom: Number.NEGATIVE_INFINITY,
  audits: [],
}));

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('trade' as const), large: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('pending' as const, 'closed' as const, 'gap' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('ended' as const, 'began' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function play(stages: StatsStages, symbol: string, step: Step, at: number): void {
  const time = 13_000 + at * 300;
  const gap = sampleGap({ symbol, epoch: 1, fromTime: time - 100, toTime: time });
  switch (step.kind) {
    case 'trade':
      stages.trade(symbol, trade(symbol, 10 + at, time, step.large ? '50' : '1'));
      break;
    case 'ended':
      stages.ended(symbol);
      break;
    case 'began':
      stages.began(symbol, epoch(2));
      break;
    case 'pending':
      stages.pending(symbol, '9', gap);
      break;
    case 'closed':
      stages.closed(symbol, '9');
      break;
    case 'gap':
      stages.closed(symbol, 'other', gap);
      break;
  }
}

it('trackEpochs publishes the same records, only later, if the records of previous runs are read after the start', () => {
  let published = 0;
  const steps = fc.array(fc.tuple(fc.constantFrom(...SYMBOLS), step), { maxLength: 80 });
  fc.assert(
    fc.property(steps, fc.nat(80), (all, known) => {
      const now: StatsRecord[] = [];
      const later: StatsRecord[] = [];
      const recent$ = new Subject<RecentTrades>();
      const prompt = new StatsStages(OPTIONS, (record) => now.push(record), 0, recent);
      const awaited = new StatsStages(OPTIONS, (record) => later.push(record), 0, recent$);
      for (const stages of [prompt, awaited]) for (const symbol of SYMBOLS) stages.began(symbol, epoch(1));
      for (const [at, [symbol, one]] of all.entries()) {
        if (at === known) recent$.next(recent);
        if (at < known) expect(later).toEqual([]);
        for (const stages of [prompt, awaited]) play(stages, symbol, one, at);
      }
      if (known >= all.length) recent$.next(recent);
      for (const stages of [prompt, awaited]) stages.scheduler.advance(60_000);
      const kinds = ['trade_stats', 'large_trade'];
      for (const kind of kinds)
        expect(later.filter((record) => record.kind === kind)).toEqual(now.filter((record) => record.kind === kind));
      expect(awaited.watch.uncounted()).toEqual(prompt.watch.uncounted());
      published += now.length;
    }),
    { numRuns: 500 },
  );
  expect(published).toBeGreaterThan(100);
});

it('trackEpochs publishes nothing if the feed stops before the records of previous runs are read', () => {
  const records: StatsRecord[] = [];
  const recent$ = new Subject<RecentTrades>();
  const stages = new StatsStages(OPTIONS, (record) => records.push(record), 0, recent$);
  stages.began('BTCUSDT', epoch(1));
  for (const time of [1000, 9000]) stages.trade('BTCUSDT', trade('BTCUSDT', time, time));
  stages.stop();
  recent$.next(recent);
  stages.scheduler.advance(60_000);
  expect(records).toEqual([]);
});

it('trackEpochs stops waiting for the records of previous runs when 100,000 events wait', () => {
  const records: StatsRecord[] = [];
  const recent$ = new Subject<RecentTrades>();
  const stages = new StatsStages(OPTIONS, (record) => records.push(record), 0, recent$);
  stages.began('BTCUSDT', epoch(1));
  for (let id = 1; id < 99_999; id++) stages.trade('BTCUSDT', trade('BTCUSDT', id, id));
  stages.scheduler.advance(60_000);
  expect(records).toEqual([]);
  stages.trade('BTCUSDT', trade('BTCUSDT', 99_999, 99_999));
  stages.scheduler.advance(60_000);
  const published = records.length;
  expect(published).toBeGreaterThan(0);
  recent$.next(recent);
  stages.scheduler.advance(60_000);
  expect(records).toHaveLength(published);
});

describe('trackEpochs with past candles', () => {
  const MINUTE_MS = 60_000;
  const NOW = 40 * MINUTE_MS;
  const candles = Array.from({ length: 35 }, (_, at) =>
    kline((at + 5) * MINUTE_MS, 0, { close: at % 2 === 0 ? '100' : '110', closed: true }),
  );

  /** The stages, the symbols of which candles were requested, and the volatility of each published window. */
  function started() {
    const asked: { readonly symbol: string; readonly answer$: Subject<readonly Kline[]> }[] = [];
    const volatilities: string[] = [];
    const onRecord = (record: StatsRecord): void => {
      if (record.kind === 'trade_stats' && record.windowMs === 1000)
        volatilities.push(`${record.symbol} ${record.volatility?.toFixed(4) ?? null}`);
    };
    const stages = new StatsStages(OPTIONS, onRecord, NOW, [], (symbol, venue) => {
      const answer$ = new Subject<readonly Kline[]>();
      asked.push({ symbol: `${symbol} ${venue}`, answer$ });
      return answer$;
    });
    const answer = (at: number) => {
      asked[at]?.answer$.next(candles);
      asked[at]?.answer$.complete();
    };
    return { stages, asked, volatilities, answer };
  }

  it("begins the volatility of an epoch with the venue's last candles, and requests one symbol after the other", () => {
    const { stages, asked, volatilities, answer } = started();
    for (const symbol of SYMBOLS) {
      stages.began(symbol, epoch(1));
      stages.trade(symbol, { ...trade(symbol, 1, NOW + 100), price: '110' });
    }
    expect(asked.map(({ symbol }) => symbol)).toEqual(['BTCUSDT binance']);
    answer(0);
    expect(asked.map(({ symbol }) => symbol)).toEqual(['BTCUSDT binance', 'ETHUSDT binance']);
    asked[1]?.answer$.error(new Error('no answer'));
    stages.scheduler.advance(20_000);
    // The returns are ln 1.1 and -ln 1.1 in turn. Without candles, the volatility is unknown.
    expect(volatilities).toEqual(['BTCUSDT 0.0969', 'ETHUSDT null']);
    stages.began('BTCUSDT', { ...epoch(2), venue: 'bybit' });
    expect(asked.at(-1)?.symbol).toBe('BTCUSDT bybit');
  });

  it('requests nothing for an epoch that has ended before its turn', () => {
    const { stages, asked, answer } = started();
    for (const symbol of SYMBOLS) stages.began(symbol, epoch(1));
    stages.ended('ETHUSDT');
    answer(0);
    expect(asked.map(({ symbol }) => symbol)).toEqual(['BTCUSDT binance']);
  });
});
