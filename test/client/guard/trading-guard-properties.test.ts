import fc from 'fast-check';
import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { GuardOptions, TradingDecision } from '../../../src/client/guard/trading-decision.ts';
import { watchTrading } from '../../../src/client/guard/watch-trading.ts';
import type { FeedStatus, Gap, PriceTick } from '../../../src/domain/record.ts';
import { runs } from '../../../testing/properties/seeds.ts';
import { ethPrice, gap, heartbeat, price, START, status, VirtualClock } from './trading-guard-records.ts';

/**
 * The time step of the scripts, milliseconds. Every limit is a multiple of it, so nothing happens between two steps.
 */
const TICK = 50;
const LIMITS: GuardOptions = {
  maxPriceAgeMs: 300,
  maxLagMs: 100,
  statusSilenceMs: 250,
  maxIdleMs: 600,
  gapHaltMs: 500,
  resumeAfterMs: 200,
  allowTestData: false,
  requireBooks: false,
};
const SYMBOLS = ['BTCUSDT', 'ETHUSDT'] as const;
type Symbol = (typeof SYMBOLS)[number];

type Happening = FeedStatus | PriceTick | Gap | number;
interface Happened {
  readonly at: number;
  readonly what: Happening;
}

/** Makes an event for a moment. It may have an old timestamp, or come from another venue or instance. */
type Choice = (at: number, number: number) => Happening;
const late = fc.constantFrom(0, 0, 0, 50, 200, 400, -1000, -1050);
const instance = fc.constantFrom('a', 'a', 'a', 'b');
const venue = fc.constantFrom('bybit', 'bybit', 'binance');
const symbol = fc.constantFrom(...SYMBOLS);
const environment = fc.constantFrom('production', 'production', 'production', 'testnet');
const beats: fc.Arbitrary<Choice> = fc
  .record({
    lateMs: late,
    instance,
    environment,
    symbols: fc.constantFrom([...SYMBOLS], [...SYMBOLS], ['BTCUSDT'], ['ETHUSDT']),
    trading: fc.constantFrom('allowed', 'allowed', 'allowed', 'halted'),
    halted: fc.constantFrom([], [], [], ['BTCUSDT']),
    activeVenue: fc.constantFrom('bybit', 'bybit', 'bybit', 'binance_testnet'),
  })
  .map(
    ({ lateMs, symbols, trading, halted, ...fields }) =>
      (at, sequence) =>
        heartbeat(at - lateMs, { sequence, ...fields, heartbeat: { symbols, trading, halted } }),
  );
const soundBeat: fc.Arbitrary<Choice> = fc.constant((at, sequence) => heartbeat(at, { sequence, instance: 'a' }));
const prices: fc.Arbitrary<Choice> = fc
  .record({ lateMs: late, venue, symbol, environment, epoch: fc.constantFrom(1, 1, 1, 2) })
  .map(
    ({ lateMs, symbol: of, ...fields }) =>
      (at) =>
        (of === 'BTCUSDT' ? price : ethPrice)(at - lateMs, fields),
  );
const soundPrice: fc.Arbitrary<Choice> = symbol.map((of) => (at) => (of === 'BTCUSDT' ? price : ethPrice)(at));
const notes: fc.Arbitrary<Choice> = fc
  .record({ state: fc.constantFrom('trading_halted', 'trading_resumed', 'stopped', 'connected'), instance })
  .map(
    ({ state, instance }) =>
      (at, sequence) =>
        status(state, at, { sequence, instance }),
  );
const silences: fc.Arbitrary<Choice> = fc
  .record({
    state: fc.constantFrom('feed_stale', 'feed_recovered'),
    cause: fc.constantFrom('quiet_market', 'socket_dead'),
    line: fc.constantFrom(null, 1),
    venue,
    of: fc.option(symbol, { nil: undefined }),
  })
  .map(
    ({ state, cause, line, venue, of }) =>
      (at, sequence) =>
        status(state, at, {
          sequence,
          instance: 'a',
          venue,
          symbol: of ?? null,
          coin: of?.slice(0, 3) ?? null,
          cause,
          line,
        }),
  );
const switches: fc.Arbitrary<Choice> = venue.map(
  (to) => (at, sequence) => status('failed_over', at, { sequence, instance: 'a', venue: to, activeVenue: to }),
);
const gaps: fc.Arbitrary<Choice> = fc
  .record({ symbol, ago: fc.constantFrom(0, 100, 1000), outcome: fc.constantFrom('unrepaired', 'unknown', 'repaired') })
  .map(
    ({ ago, ...fields }) =>
      (at) =>
        gap(at - ago, fields),
  );
const lags: fc.Arbitrary<Choice> = fc.constantFrom(0, 0, 100, 150).map((lagMs) => () => lagMs);

const script = fc.array(
  fc.record({
    pauseTicks: fc.constantFrom(0, 1, 1, 1, 2, 3, 6),
    choice: fc.oneof(
      { weight: 14, arbitrary: soundBeat },
      { weight: 14, arbitrary: soundPrice },
      { weight: 2, arbitrary: beats },
      { weight: 2, arbitrary: prices },
      notes,
      silences,
      switches,
      gaps,
      lags,
    ),
  }),
  { minLength: 20, maxLength: 150 },
);

/** Returns whether a guard must halt at a moment. Applies the rule in a simple form, to all events up to then. */
function isWrong(of: Symbol, at: number, happened: readonly Happened[]): boolean {
  const speaker = new Map<Symbol, string>();
  const said = new Map<string, (FeedStatus & { cameAt: number })[]>();
  const quiet = new Map<string, number>();
  const prices = new Map<Symbol, PriceTick & { cameAt: number }>();
  let coinHalted = new Map<string, boolean>();
  let moved: { to: string | null; at: number } | undefined;
  const servedSince = new Map<Symbol, number>();
  let lag: { readonly ms: number; readonly at: number } | undefined;
  let gapUntil = Number.NEGATIVE_INFINITY;
  for (const { at: cameAt, what } of happened) {
    if (typeof what === 'number') lag = { ms: what, at: cameAt };
    else if (what.kind === 'gap') {
      if (what.symbol === of && what.outcome !== 'repaired') gapUntil = cameAt + LIMITS.gapHaltMs;
    } else if (what.kind === 'price') {
      const symbol = what.symbol as Symbol;
      const before = prices.get(symbol);
      const since = (servedSince.get(symbol) ?? 0) * 1000;
      const isOfLaterInstance = (before?.receivedAt ?? 0) < since && what.receivedAt >= since;
      if (what.epoch < (before?.epoch ?? 0) && !isOfLaterInstance) continue;
      prices.set(symbol, { ...what, cameAt });
      for (const key of [what.venue, `${what.venue}:${symbol}`])
        if (speaker.get(symbol) === 'a' && what.receivedAt / 1000 > (quiet.get(key) ?? at + 1e15)) quiet.delete(key);
    } else {
      const { instance, state, venue, heartbeat, symbol, line, cause, activeVenue } = what;
      const venueBefore = said.get(instance)?.at(-1)?.activeVenue;
      said.set(instance, [...(said.get(instance) ?? []), { ...what, cameAt }]);
      if (heartbeat !== null) {
        for (const named of SYMBOLS) {
          if (!heartbeat.symbols.includes(named) || speaker.get(named) === instance) continue;
          if (named === of) moved = { to: what.activeVenue, at: what.timestamp };
          speaker.set(named, instance);
          servedSince.set(named, what.timestamp);
        }
        const isOtherVenue = typeof venueBefore === 'string' && venueBefore !== activeVenue;
        if (isOtherVenue && speaker.get(of) === instance) moved = { to: activeVenue, at: what.timestamp };
        coinHalted = new Map(coinHalted).set(instance, heartbeat.halted.includes(of));
        if (instance !== 'a' && ![...speaker.values()].includes('a')) quiet.clear();
      }
      const isOfCoin = line === null && symbol === of && venue === prices.get(of)?.venue;
      if (state === 'feed_stale' && isOfCoin) coinHalted.set(instance, cause !== 'quiet_market');
      if (state === 'feed_recovered' && isOfCoin) coinHalted.set(instance, false);
      const key = symbol === null ? `${venue}` : `${venue}:${symbol}`;
      if (line === null && state === 'feed_stale' && cause === 'quiet_market') quiet.set(key, what.timestamp);
      else if (line === null && (state === 'feed_stale' || state === 'feed_recovered')) quiet.delete(key);
      if (state === 'failed_over' && speaker.get(of) === instance) moved = { to: venue, at: what.timestamp };
    }
    const price = prices.get(of);
    if (price?.venue === moved?.to || (price?.receivedAt ?? 0) / 1000 >= (moved?.at ?? 0)) moved = undefined;
  }

  const isOld = (stamp: number, cameAt: number, limitMs: number): boolean =>
    at - Math.min(sinceStart(stamp), cameAt) >= limitMs;
  const isAhead = (stamp: number, cameAt: number): boolean => sinceStart(stamp) - cameAt > 1000;
  const instance = speaker.get(of);
  const last = prices.get(of);
  const records = said.get(instance ?? '') ?? [];
  const beat = records.findLast(({ state }) => state === 'heartbeat');
  const latest = records.at(-1);
  if (instance === undefined || last === undefined || beat === undefined || latest === undefined) return true;
  const word = records.findLast(({ state }) => /^(heartbeat|stopped|trading_.*)$/.test(state));
  const lively = records.findLast(({ state }) => state === 'heartbeat' || state === 'stopped');
  const { venue, receivedAt, cameAt } = last;
  const isIdle = instance === 'a' && (quiet.has(venue) || quiet.has(`${venue}:${of}`));
  return (
    !beat.heartbeat?.symbols.includes(of) ||
    lively?.state === 'stopped' ||
    isOld(beat.timestamp, beat.cameAt, LIMITS.statusSilenceMs) ||
    word?.state === 'trading_halted' ||
    word?.heartbeat?.trading === 'halted' ||
    coinHalted.get(instance) === true ||
    latest.environment !== 'production' ||
    last.environment !== 'production' ||
    latest.activeVenue === 'binance_testnet' ||
    moved !== undefined ||
    (lag !== undefined && lag.ms + Math.max(0, at - lag.at - 1000) > LIMITS.maxLagMs) ||
    at < gapUntil ||
    isAhead(beat.timestamp, beat.cameAt) ||
    isAhead(receivedAt / 1000, cameAt) ||
    isOld(receivedAt / 1000, cameAt, isIdle ? LIMITS.maxIdleMs : LIMITS.maxPriceAgeMs)
  );
}

function sinceStart(stamp: number): number {
  return stamp - START;
}

describe('the trading guard under random events in any order', () => {
  /**
   * Plays a script. Returns, for each time step, the decision of the guard, and whether anything was wrong since the
   * previous step.
   */
  function play(steps: readonly { pauseTicks: number; choice: Choice }[]) {
    const clock = new VirtualClock();
    const status$ = new Subject<FeedStatus>();
    const prices$ = new Subject<PriceTick>();
    const gaps$ = new Subject<Gap>();
    const lagMs$ = new Subject<number>();
    const watch = watchTrading({ status$, prices$, gaps$, lagMs$ }, LIMITS, clock);
    const emitted = new Map<Symbol, TradingDecision>();
    for (const each of SYMBOLS) watch(each).subscribe((decision) => emitted.set(each, decision));
    const happened: Happened[] = [];
    const ticks: { at: number; wrong: Set<Symbol>; emitted: Map<Symbol, string>; asked: Map<Symbol, string> }[] = [];
    const wrong = new Set<Symbol>(SYMBOLS);
    const look = (at: number): void => {
      for (const each of SYMBOLS) if (isWrong(each, at, happened)) wrong.add(each);
    };
    const close = (at: number): void => {
      ticks.push({
        at,
        wrong: new Set(wrong),
        emitted: new Map([...emitted].map(([each, { state }]) => [each, state])),
        asked: new Map(SYMBOLS.map((each) => [each, watch.decision(each).state])),
      });
      // What was wrong after the last event of a time step stayed wrong until the next event.
      wrong.clear();
      look(at);
    };
    let at = 0;
    steps.forEach(({ pauseTicks, choice }, index) => {
      for (let tick = 0; tick < pauseTicks; tick++) {
        close(at);
        at += TICK;
        clock.advanceTo(at);
        look(at);
      }
      const what = choice(at, index + 1);
      happened.push({ at, what });
      if (typeof what === 'number') lagMs$.next(what);
      else if (what.kind === 'status') status$.next(what);
      else if (what.kind === 'price') prices$.next(what);
      else gaps$.next(what);
      look(at);
    });
    close(at);
    watch.close();
    return ticks;
  }

  it('allows exactly when nothing was wrong for resumeAfterMs, in emitted and in requested decisions', () => {
    const numRuns = runs(300);
    let allowed = 0;
    let halted = 0;
    fc.assert(
      fc.property(script, (steps) => {
        const lastWrong = new Map<Symbol, number>();
        for (const { at, wrong, emitted, asked } of play(steps)) {
          for (const each of SYMBOLS) {
            if (wrong.has(each)) lastWrong.set(each, at);
            const quietFor = at - (lastWrong.get(each) as number);
            const expected = quietFor >= LIMITS.resumeAfterMs ? 'allowed' : 'halted';
            expect({ at, each, asked: asked.get(each) }).toEqual({ at, each, asked: expected });
            expect({ at, each, emitted: emitted.get(each) }).toEqual({ at, each, emitted: expected });
            if (expected === 'allowed') allowed++;
            else halted++;
          }
        }
      }),
      { numRuns },
    );
    // The test proves something only if both results occurred.
    expect(allowed).toBeGreaterThan((1000 / 300) * numRuns);
    expect(halted).toBeGreaterThan((1000 / 300) * numRuns);
  }, 60_000);
});
