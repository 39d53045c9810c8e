import { distinctUntilChanged, filter, map, type Observable, Subject, Subscription, startWith } from 'rxjs';
import type { FeedStatus, Gap, PriceTick } from '../../domain/record.ts';
import type { Moment } from '../../tradability/moment.ts';
import type { ClientDeps } from '../client-options.ts';
import { type CoinOrAll, coinAskedFor, type GuardOptions, type TradingDecision } from './trading-decision.ts';
import { type GuardEvent, TradingGuard, type TradingPast } from './trading-guard.ts';

/** The guard's sources. They are hot, and emit each record once, in the order of its topic. */
export interface TradingInput {
  /** The records before the guard started. */
  readonly past?: TradingPast;
  readonly status$: Observable<FeedStatus>;
  readonly prices$: Observable<PriceTick>;
  readonly gaps$: Observable<Gap>;
  /** This consumer's lag in milliseconds. Without a value for a second the lag grows, but not after completion. */
  readonly lagMs$: Observable<number>;
}

/**
 * A consumer's guard. Call it with a coin or symbol, or without an argument for all coins together. An explicit
 * undefined throws a Fault.
 */
export interface TradingWatch extends Disposable {
  /**
   * Emits the present decision, then each decision that differs in its state or causes. When the guard ends, emits a
   * halt, and then completes, or errors if a source failed.
   */
  (...coin: CoinOrAll): Observable<TradingDecision>;
  /** Returns the present decision, for use before each order. The coin's subscribers get it first. */
  decision(...coin: CoinOrAll): TradingDecision;
  /** True if `decision` is allowed. */
  isAllowed(...coin: CoinOrAll): boolean;
  /** Ends this guard: it halts for good and completes its Observables. */
  close(): void;
}

export interface WatchDeps extends ClientDeps {
  /** The symbol of a coin: BTCUSDT for BTC. */
  readonly symbolOf: (name: string) => string;
}

/** Maximum time between two checks, milliseconds. They notice that the wall clock was set, which fires no timer. */
const CHECK_EVERY_MS = 200;

/**
 * Watches a consumer's records and decides whether they may be traded on; `TradingGuard` has the rule. A halt is
 * emitted in the millisecond in which a limit is passed. If the wall clock is set, it is emitted within 200 ms.
 */
export function watchTrading(input: TradingInput, options: GuardOptions, deps: WatchDeps): TradingWatch {
  const { scheduler, wallClockMs, symbolOf } = deps;
  const moment = (): Moment => ({ wall: wallClockMs(), monotonic: scheduler.now() });
  const guard = new TradingGuard(options, moment(), symbolOf);
  if (input.past !== undefined) guard.recall(input.past, moment());
  /** Emits the name whose decision may have changed. Null: all coins together. Undefined: every name. */
  const changed$ = new Subject<string | null | undefined>();
  let alarm = Subscription.EMPTY;
  /** When the alarm is due, by the monotonic clock, milliseconds. */
  let alarmAt = Number.POSITIVE_INFINITY;

  const wake = (): void => {
    const now = moment();
    changed$.next(undefined);
    alarm.unsubscribe();
    if (sources.closed) return;
    const inMs = Math.min(guard.dueInMs(now), CHECK_EVERY_MS);
    alarmAt = now.monotonic + inMs;
    alarm = scheduler.schedule(wake, inMs);
  };
  const take = (event: GuardEvent): void => {
    const now = moment();
    if (event.kind !== 'price') {
      guard.apply(event, now);
      wake();
      return;
    }
    // Most of the many prices change no decision. Subscribers are notified only if one may change now, or before the
    // alarm.
    const { symbol } = event;
    const before = guard.decide(symbol, now);
    const concernsAll = guard.apply(event, now);
    const isSooner = now.monotonic + guard.dueInMs(now, symbol) < alarmAt;
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

  // Each subscriber gets the decision of the moment of its notification, never an earlier one.
  const watch = (name: string | null): Observable<TradingDecision> =>
    changed$.pipe(
      filter((changed) => changed === undefined || changed === name),
      startWith(undefined),
      map(() => guard.decide(name, moment())),
      distinctUntilChanged(isSame),
    );
  const decision = (...coin: CoinOrAll): TradingDecision => {
    const name = coinAskedFor(coin);
    changed$.next(name);
    return guard.decide(name, moment());
  };
  return tradingWatch((...coin) => watch(coinAskedFor(coin)), decision, close);
}

export function tradingWatch(
  watch: (...coin: CoinOrAll) => Observable<TradingDecision>,
  decision: TradingWatch['decision'],
  close: () => void,
): TradingWatch {
  const isAllowed = (...coin: CoinOrAll): boolean => decision(...coin).state === 'allowed';
  return Object.assign(watch, { decision, isAllowed, close, [Symbol.dispose]: close });
}

export function isSame(a: TradingDecision, b: TradingDecision): boolean {
  return a.state === b.state && a.causes.join() === b.causes.join();
}
