import { distinctUntilChanged, filter, map, type Observable, Subject, Subscription, startWith } from 'rxjs';
import { getOrCreate } from '../../domain/get-or-create.ts';
import type { FeedStatus, Gap, PriceTick } from '../../domain/record.ts';
import type { Moment } from '../../tradability/moment.ts';
import type { ClientDeps } from '../client-options.ts';
import { type GuardOptions, guardOptions, type TradingDecision } from './trading-decision.ts';
import { type GuardEvent, TradingGuard, type TradingPast } from './trading-guard.ts';

/** What the guard judges by: hot, each record once, in the order of its topic. */
export interface TradingInput {
  /** What was told before. */
  readonly past?: TradingPast;
  readonly status$: Observable<FeedStatus>;
  readonly prices$: Observable<PriceTick>;
  readonly gaps$: Observable<Gap>;
  /** How far this consumer is behind, milliseconds. After a second without a figure the lag grows by itself. May complete: the last figure stays. */
  readonly lagMs$: Observable<number>;
}

/** The guard of a consumer. Called with a coin (or symbol), or without for all, it gives the decisions. */
export interface TradingWatch {
  /** The present decision at once, then each that differs in state or causes; completes when the guard ends, halted. */
  (coin?: string): Observable<TradingDecision>;
  /** The decision at this very moment: what to ask before each order. Subscribers of that coin are told it first. */
  decision(coin?: string): TradingDecision;
  /** True where `decision` says allowed. */
  isAllowed(coin?: string): boolean;
  /** Halts for good and leaves every source. */
  close(): void;
}

export interface WatchDeps extends ClientDeps {
  /** The symbol that a coin means: BTCUSDT for BTC. */
  readonly symbolOf: (name: string) => string;
}

/** The clocks are read at least this often, milliseconds: somebody may have set the wall clock. */
const LOOK_EVERY_MS = 200;

/**
 * Watches what a consumer gets of the feed and says whether it may be traded on (`TradingGuard` has the rule). A halt is
 * emitted in the millisecond in which a limit is passed, at most 200 ms later if somebody sets the wall clock.
 */
export function watchTrading(input: TradingInput, options: GuardOptions, deps: WatchDeps): TradingWatch {
  const { scheduler, wallClockMs, symbolOf } = deps;
  const moment = (): Moment => ({ wall: wallClockMs(), steady: scheduler.now() });
  const guard = new TradingGuard(options, moment(), symbolOf);
  if (input.past !== undefined) guard.recall(input.past, moment());
  /** What may be decided differently from now on: a name, null for all together, undefined for each. */
  const changed$ = new Subject<string | null | undefined>();
  let alarm = Subscription.EMPTY;
  /** Steady clock. */
  let alarmAt = Number.POSITIVE_INFINITY;

  const wake = (): void => {
    const now = moment();
    changed$.next(undefined);
    alarm.unsubscribe();
    if (sources.closed) return;
    const inMs = Math.min(guard.dueInMs(now), LOOK_EVERY_MS);
    alarmAt = now.steady + inMs;
    alarm = scheduler.schedule(wake, inMs);
  };
  const take = (event: GuardEvent): void => {
    const now = moment();
    if (event.kind !== 'price') {
      guard.apply(event, now);
      wake();
      return;
    }
    // Prices are many, and most change nothing.
    const { symbol } = event;
    const before = guard.decide(symbol, now);
    const concernsAll = guard.apply(event, now);
    const isSooner = now.steady + guard.dueInMs(now, symbol) < alarmAt;
    if (concernsAll || isSooner || !isSame(before, guard.decide(symbol, now))) wake();
  };
  const end = (finish: () => void): void => {
    if (sources.closed) return;
    sources.unsubscribe();
    alarm.unsubscribe();
    guard.apply({ kind: 'ended' }, moment());
    changed$.next(undefined);
    finish();
  };
  const close = (): void => end(() => changed$.complete());
  const error = (reason: unknown): void => end(() => changed$.error(reason));

  const sources = new Subscription();
  const { status$, prices$, gaps$, lagMs$ } = input;
  const recordSources: readonly Observable<GuardEvent>[] = [gaps$, prices$, status$];
  for (const source$ of recordSources) sources.add(source$.subscribe({ next: take, error, complete: close }));
  const complete = (): void => take({ kind: 'lag_over' });
  sources.add(lagMs$.subscribe({ next: (lagMs) => take({ kind: 'lag', lagMs }), error, complete }));
  if (!sources.closed) wake();

  // Each subscriber gets the decision of the moment at which it is notified, never an earlier one.
  const watch = (name: string | null): Observable<TradingDecision> =>
    changed$.pipe(
      filter((changed) => changed === undefined || changed === name),
      startWith(undefined),
      map(() => guard.decide(name, moment())),
      distinctUntilChanged(isSame),
    );
  const decision = (coin?: string): TradingDecision => {
    const name = coin ?? null;
    changed$.next(name);
    return guard.decide(name, moment());
  };
  return Object.assign((coin?: string) => watch(coin ?? null), {
    decision,
    isAllowed: (coin?: string) => decision(coin).state === 'allowed',
    close,
  });
}

function isSame(a: TradingDecision, b: TradingDecision): boolean {
  return a.state === b.state && a.causes.join() === b.causes.join();
}

/** One watch for each set of limits, begun when it is first asked for. */
export class TradingWatches {
  readonly #begin: (limits: GuardOptions) => TradingWatch;
  readonly #byLimits = new Map<string, TradingWatch>();

  constructor(begin: (limits: GuardOptions) => TradingWatch) {
    this.#begin = begin;
  }

  /** Throws a Fault (never) where a limit is unusable. */
  of(...given: readonly Partial<GuardOptions>[]): TradingWatch {
    const limits = guardOptions(...given);
    return getOrCreate(this.#byLimits, JSON.stringify(Object.values(limits)), () => this.#begin(limits));
  }

  close(): void {
    for (const watch of this.#byLimits.values()) watch.close();
  }
}
