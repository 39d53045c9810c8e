import { concat, defer, distinctUntilChanged, EMPTY, type Observable, of, Subject, takeUntil } from 'rxjs';
import { getOrCreate } from '../../domain/get-or-create.ts';
import { haltText } from '../../tradability/halt.ts';
import {
  type CoinOrAll,
  coinAskedFor,
  type GuardOptions,
  guardOptions,
  type TradingDecision,
} from './trading-decision.ts';
import { isSame, type TradingWatch, tradingWatch } from './watch-trading.ts';

/** A client's guards. Guards with the same limits share a watch of the records, which is created on first use. */
export class TradingWatches {
  readonly #create: (limits: GuardOptions) => TradingWatch;
  readonly #wallClockMs: () => number;
  readonly #byLimits = new Map<string, TradingWatch>();

  constructor(create: (limits: GuardOptions) => TradingWatch, wallClockMs: () => number) {
    this.#create = create;
    this.#wallClockMs = wallClockMs;
  }

  /**
   * Returns a new guard. Its `close` ends this guard alone.
   * @throws Fault with retry `never` if a limit is unusable.
   */
  guard(...given: readonly Partial<GuardOptions>[]): TradingWatch {
    const shared = this.#shared(given);
    const closed$ = new Subject<void>();
    let isClosed = false;
    const close = (): void => {
      isClosed = true;
      closed$.next();
    };
    const ended = (name: string | null): TradingDecision => ({
      state: 'halted',
      reason: haltText({ cause: 'ended' }),
      causes: ['ended'],
      coin: name,
      price: null,
      at: this.#wallClockMs(),
    });
    const watch = (...coin: CoinOrAll): Observable<TradingDecision> => {
      const name = coinAskedFor(coin);
      const open$ = defer(() => (isClosed ? EMPTY : shared(name).pipe(takeUntil(closed$))));
      const end$ = defer(() => (isClosed ? of(ended(name)) : EMPTY));
      return concat(open$, end$).pipe(distinctUntilChanged(isSame));
    };
    const decision = (...coin: CoinOrAll): TradingDecision => {
      const name = coinAskedFor(coin);
      return isClosed ? ended(name) : shared.decision(name);
    };
    return tradingWatch(watch, decision, close);
  }

  /** Emits the decisions for a coin, or for all coins together (null). */
  trading$(coin: string | null, ...given: readonly Partial<GuardOptions>[]): Observable<TradingDecision> {
    return this.#shared(given)(coin);
  }

  /** Ends all guards. */
  close(): void {
    for (const watch of this.#byLimits.values()) watch.close();
  }

  #shared(given: readonly Partial<GuardOptions>[]): TradingWatch {
    const limits = guardOptions(...given);
    return getOrCreate(this.#byLimits, JSON.stringify(Object.values(limits)), () => this.#create(limits));
  }
}
