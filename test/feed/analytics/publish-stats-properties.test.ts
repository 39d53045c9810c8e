import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromUnscaled, unscaled } from '../../../src/domain/decimal.ts';
import type { TradeEvent, TradeStats } from '../../../src/domain/record.ts';
import { runs } from '../../../testing/properties/seeds.ts';
import { LATENESS_MS, PublishedMarket, type Step } from './published-market.ts';

const WINDOWS_MS = [1000, 7000, 60_000];
const SYMBOLS = 3;

const symbol = fc.nat(SYMBOLS - 1);
const tradeStep = fc.record({
  kind: fc.constant('trade' as const),
  symbol,
  afterMs: fc.nat(1200),
  delayMs: fc.nat(400),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 30, arbitrary: tradeStep },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('lose' as const), symbol }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('resolve' as const), symbol, fetched: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('silence' as const), ms: fc.nat(30_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('switch' as const), ringMs: fc.nat(10_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), afterMs: fc.nat(20_000) }) },
);
const steps = fc.array(step, { maxLength: 120, size: 'max' });
const history = fc.constantFrom(20, Number.POSITIVE_INFINITY);

function run(all: readonly Step[], windowsMs: readonly number[], keeps: number): PublishedMarket {
  const market = new PublishedMarket(windowsMs, SYMBOLS, keeps);
  for (const one of all) market.step(one);
  market.finish();
  return market;
}

const idOf = ({ venue, symbol: of, epoch, windowMs, windowStart }: TradeStats): string =>
  [venue, of, epoch, windowMs, windowStart].join(' ');

/** The sums over all trades in the window, computed in the simplest way. */
function recount({ venue, symbol: of, windowStart, windowEnd }: TradeStats, market: PublishedMarket) {
  const all = market.truth.get(`${venue} ${of}`) ?? [];
  const inside = all.filter(({ timestamp }) => timestamp >= windowStart && timestamp < windowEnd);
  const volume = (trades: readonly TradeEvent[]): string =>
    fromUnscaled(trades.reduce((sum, { quantity }) => sum + unscaled(quantity), 0n));
  const buys = inside.filter(({ isBuyerMaker }) => !isBuyerMaker);
  return { trades: inside.length, buyTrades: buys.length, volume: volume(inside), buyVolume: volume(buys) };
}

function isTruth(record: TradeStats, market: PublishedMarket): boolean {
  const { trades, buyTrades, volume, buyVolume } = recount(record, market);
  return (
    record.trades === trades &&
    record.buyTrades === buyTrades &&
    record.volume === volume &&
    record.buyVolume === buyVolume
  );
}

function expectSoundWindows(market: PublishedMarket): void {
  expect(new Set(market.windows.map(({ record }) => idOf(record))).size).toBe(market.windows.length);
  const wrong = market.windows.filter(({ record, reached }) =>
    record.complete
      ? reached < record.windowEnd + LATENESS_MS || !isTruth(record, market)
      : !market.reasons.some(
          ({ symbol: of, from, to }) => of === record.symbol && from < record.windowEnd && to >= record.windowStart,
        ),
  );
  expect(wrong).toEqual([]);
}

it('publishStats publishes each window once: correct and not too early, or incomplete for a reason', () => {
  fc.assert(
    fc.property(steps, history, (all, keeps) => expectSoundWindows(run(all, WINDOWS_MS, keeps))),
    { numRuns: runs(200) },
  );
});

// Each restart comes while the gap after the previous restart is pending, so no trade is published for 80 s.
it('a new epoch closes a window as incomplete that a pending gap kept open over several restarts', () => {
  const trade = { kind: 'trade', symbol: 0, afterMs: 500, delayMs: 0 } as const;
  const restart = { kind: 'restart', afterMs: 15_000 } as const;
  const again = [restart, trade, trade];
  const market = run(
    [trade, trade, trade, trade, ...again, ...again, ...again, ...again, ...again, { kind: 'switch', ringMs: 0 }],
    WINDOWS_MS,
    20,
  );
  expectSoundWindows(market);
  const cut = market.windows.find(({ record }) => record.windowMs === 1000 && record.windowStart === 1_001_000);
  expect(cut?.record).toMatchObject({ trades: 2, complete: false });
  expect(cut?.reached).toBeGreaterThan(1_080_000);
});

it('publishStats counts each published trade in a window or as late', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const lasting = all.filter(({ kind }) => kind !== 'restart');
      for (const windowMs of WINDOWS_MS) {
        const market = run(lasting, [windowMs], Number.POSITIVE_INFINITY);
        const counted = market.windows.reduce((sum, { record }) => sum + record.trades, 0);
        expect(counted + market.late).toBe(market.published.length);
      }
    }),
    { numRuns: runs(50) },
  );
});

it('no trade is late if every gap is repaired within 3 s, also with restarts and failovers', () => {
  const repaired = (one: Step): Step[] => {
    const silence = { kind: 'silence', ms: 3000 } as const;
    const resolve = (of: number) => ({ kind: 'resolve', symbol: of, fetched: true }) as const;
    if (one.kind === 'lose') return [one, silence, resolve(one.symbol)];
    if (one.kind !== 'restart') return [one];
    const again = [0, 1, 2].map((of) => ({ kind: 'trade', symbol: of, afterMs: 50, delayMs: 0 }) as const);
    return [one, ...again, silence, ...again.map(({ symbol: of }) => resolve(of))];
  };
  fc.assert(
    fc.property(steps, (all) => {
      const market = run(all.flatMap(repaired), WINDOWS_MS, Number.POSITIVE_INFINITY);
      expect(market.late).toBe(0);
    }),
    { numRuns: runs(100) },
  );
});

it('publishStats publishes the same for the same input, in the same order', () => {
  fc.assert(
    fc.property(steps, history, (all, keeps) => {
      const [first, second] = [run(all, WINDOWS_MS, keeps), run(all, WINDOWS_MS, keeps)];
      expect(second.windows).toEqual(first.windows);
      expect(second.large).toEqual(first.large);
    }),
    { numRuns: runs(30) },
  );
});

it('publishStats publishes each window of each symbol for hours, and only the first as incomplete', () => {
  const market = new PublishedMarket([60_000], SYMBOLS, 0);
  for (let n = 0; n < 50_000; n++) market.step({ kind: 'trade', symbol: n % 3, afterMs: 250, delayMs: n % 300 });
  market.finish();
  const minutes = Math.ceil((50_000 * 250) / 60_000);
  expect(market.windows.length).toBeGreaterThanOrEqual(minutes * SYMBOLS);
  expect(market.windows.filter(({ record }) => !record.complete)).toHaveLength(SYMBOLS);
  expect(market.late).toBe(0);
  const last = market.windows.at(-1)?.record as TradeStats;
  expect(last).toMatchObject(recount(last, market));
  expect(last.volatility).not.toBeNull();
});
