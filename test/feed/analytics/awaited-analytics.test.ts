import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AwaitedAnalytics } from '../../../src/feed/analytics/awaited-analytics.ts';
import {
  type FormerTrades,
  TradeAnalytics,
  type TradeAnalyticsOptions,
} from '../../../src/feed/analytics/trade-analytics.ts';
import { tradeEvent } from '../../../testing/judges/events.ts';
import { sampleGap } from '../../codec/sample-records.ts';

const OPTIONS: TradeAnalyticsOptions = {
  windowsMs: [1000, 10_000],
  allowedLatenessMs: 500,
  idleAfterMs: 2000,
  historyTrades: 20,
  largeTradeThreshold: 3,
};
const KEYS = ['BTCUSDT', 'ETHUSDT'] as const;
const trade = (symbol: string, id: number, timestamp: number, quantity = '1') =>
  tradeEvent(id, { symbol, timestamp, receivedAt: timestamp * 1000, quantity, epoch: 1 });
const turn = (epoch: number) => ({ venue: 'binance', epoch, at: 0 });

/** What the first trades of a key left, half of a window of ten seconds. */
const former: ReadonlyMap<string, FormerTrades> = new Map(
  KEYS.map((key) => [
    key,
    {
      venue: 'binance',
      epoch: 1,
      trades: [1, 2, 3].map((id) => trade(key, id, 10_000 + id * 1000)),
      toldTo: Number.NEGATIVE_INFINITY,
      windows: [],
      gaps: [],
    },
  ]),
);

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('trade' as const), large: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('hold' as const, 'release' as const, 'gap' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('ended' as const, 'began' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function tell(analytics: TradeAnalytics | AwaitedAnalytics, key: string, step: Step, at: number) {
  const time = 13_000 + at * 300;
  switch (step.kind) {
    case 'trade':
      return analytics.trade(analytics.of(key), trade(key, 10 + at, time, step.large ? '50' : '1'), time);
    case 'ended':
      return analytics.ended(key);
    case 'began':
      return analytics.began(key, turn(2), time);
    case 'hold':
      analytics.hold(key, { toId: '9', fromTime: time }, time);
      break;
    case 'release':
      analytics.release(key, '9');
      break;
    case 'gap':
      analytics.gap(key, sampleGap({ symbol: key, epoch: 1, fromTime: time - 100, toTime: time }));
  }
  return [];
}

it('says the same as if what former runs left had been known from the start, only later', () => {
  let said = 0;
  const steps = fc.array(fc.tuple(fc.constantFrom(...KEYS), step), { maxLength: 80 });
  fc.assert(
    fc.property(steps, fc.nat(80), (told, known) => {
      const prompt = new TradeAnalytics(OPTIONS);
      const awaited = new AwaitedAnalytics(OPTIONS);
      for (const [key, left] of former) prompt.restore(key, left, 0);
      const now: unknown[] = [];
      const later: unknown[] = [];
      for (const key of KEYS) {
        now.push(...prompt.began(key, turn(1), 0));
        later.push(...awaited.began(key, turn(1), 0));
      }
      told.forEach(([key, step], at) => {
        if (at === known) later.push(...awaited.begin(former, 0));
        if (at < known) {
          expect([awaited.idle(13_000 + at * 300), later]).toEqual([[], []]);
        }
        now.push(...tell(prompt, key, step, at));
        later.push(...tell(awaited, key, step, at));
      });
      if (known >= told.length) later.push(...awaited.begin(former, 0));
      const end = 60_000;
      expect([...later, ...awaited.idle(end)]).toEqual([...now, ...prompt.idle(end)]);
      expect(awaited.counts).toEqual(prompt.counts);
      said += now.length;
    }),
    { numRuns: 500 },
  );
  expect(said).toBeGreaterThan(100);
});
