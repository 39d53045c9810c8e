import { asyncScheduler, Observable, type SchedulerLike, type Subscriber, Subscription } from 'rxjs';
import { type Alarm, createAlarm } from './alarm.ts';
import {
  type Decision,
  decide,
  type FailoverTiming,
  type HealthEvent,
  nextHealth,
  type SourceHealth,
  type SwitchReason,
  UNTRIED,
} from './failover-decision.ts';
import { listen } from './listen.ts';

/** What a source of {@link failover} tells, in order. */
export type SourceEvent<T> =
  /**
   * A value of one key; `at` is when it was received, in any unit that rises with time and is the same for all sources.
   * `late`: it was received earlier and kept back till now, so it is no sign that the source delivers.
   */
  | { readonly kind: 'value'; readonly key: string; readonly at: number; readonly value: T; readonly late?: true }
  | { readonly kind: 'connected' }
  /** Nothing of the source is connected any more, or an attempt failed; `blocked`: it will not be had from here. */
  | { readonly kind: 'disconnected'; readonly blocked: boolean }
  /** Data should come and does not. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'recovered' }
  /** Whether the source has this key at all; until told otherwise it has. */
  | { readonly kind: 'serves'; readonly key: string; readonly serves: boolean };

export interface FailoverSource<T> {
  readonly id: string;
  readonly events$: Observable<SourceEvent<T>>;
}

export type FailoverEvent<T> =
  /** `held`: received before the switch, from the ring. */
  | {
      readonly kind: 'value';
      readonly source: string;
      readonly key: string;
      readonly epoch: number;
      readonly value: T;
      readonly held: boolean;
    }
  /** Another source serves: all keys, or one key that the active source does not have and that was served before. */
  | {
      readonly kind: 'switched';
      readonly from: string | null;
      readonly to: string;
      readonly reason: SwitchReason | 'not_served';
      readonly key: string | null;
      readonly back: boolean;
    }
  /** A new epoch of a key begins; its first value follows. */
  | { readonly kind: 'epoch'; readonly source: string; readonly key: string; readonly epoch: number };

export interface FailoverOptions<T> extends FailoverTiming {
  /** hot: all sources are subscribed, a switch costs one step; cold: the next one is subscribed when it is needed. */
  readonly standby: 'hot' | 'cold';
  /**
   * The source that is waited for at the start, as long as it may still serve; when it does, what it said before its
   * first data comes first, as `held`. Default: the first in order, and nothing held.
   */
  readonly startWith?: string;
  /** How far back, in the unit of `at`, values of a source that does not serve are kept for a switch. */
  readonly ringSpan: number;
  /** Which values the ring keeps. Default: all. */
  readonly keepInRing?: (value: T) => boolean;
  /** The number of the epoch of a key that begins at a source, greater than any before. Default: counts from 1. */
  readonly nextEpoch?: (key: string, source: string) => number;
  /**
   * Whether a key that no source has served yet goes on at this one, where it was left some time ago: then what the
   * source told of it before comes first, as `held`. Asked before a switch is told. Default: never.
   */
  readonly goesOn?: (key: string, source: string) => boolean;
  /** A part of what such a source told of such a key fell out of its ring: from now on `goesOn` has to say no. */
  readonly onLapsed?: (key: string, source: string) => void;
  readonly scheduler?: SchedulerLike;
}

interface Route {
  /** Index of the source that serves the key. */
  source: number;
  /** 0: the first value of the epoch has not come yet. */
  epoch: number;
  lastAt: number;
  /** Up to where the key was served before this turn; -Infinity: it was not. */
  readonly servedTo: number;
}

const UNSERVED: Omit<Route, 'source'> = {
  epoch: 0,
  lastAt: Number.NEGATIVE_INFINITY,
  servedTo: Number.NEGATIVE_INFINITY,
};

interface Held<T> {
  readonly key: string;
  readonly at: number;
  readonly value: T;
}

/**
 * Serves the values of the first healthy of several sources, in order of preference, and says so when it changes.
 *
 * <span class="informal">One stream speaks at a time; when it falls silent the next one goes on where it stopped.</span>
 *
 * ```
 * a        -C-1---2--X--------C-3-4-----5-6-     C: connected, X: disconnected, blocked
 * b        -C--x---y-----z--v----w------q---
 *          failover([a, b], { graceMs: 5, failBackAfterMs: 4, … })
 * result   ---(F1)2--(Sy)z--v----w--(B4)5-6-     F: first, S: a → b, y held since it came after 2; B: b → a, 4 held
 * ```
 *
 * - **next**: `value` for each value of the source that serves the value's key; `switched` when another source serves,
 *   at the start too; `epoch` right before the first value that a source gives for a key in its turn (not in the
 *   picture). Values of the new source received after the last data of the old one come first, as `held`; where that had
 *   none of a key in its turn, those since the key was served before. No value of a former epoch follows a later one of
 *   its key.
 * - **error**: the last source's error, when every source has ended; whatever an option function throws.
 * - **complete**: when every source has ended and none of them with an error. A source that ends alone, in whichever
 *   way, counts as blocked.
 *
 * Its memory is the ring of each source (up to twice `ringSpan`) and a few numbers a key.
 *
 * @example
 * import { Subject } from 'rxjs';
 * import { failover, type SourceEvent } from 'market-feed/operators';
 *
 * const bybit$ = new Subject<SourceEvent<string>>();
 * const binance$ = new Subject<SourceEvent<string>>();
 * const price = (at: number, value: string): SourceEvent<string> => ({ kind: 'value', key: 'BTC', at, value });
 *
 * failover(
 *   [
 *     { id: 'bybit', events$: bybit$ },
 *     { id: 'binance', events$: binance$ },
 *   ],
 *   { graceMs: 500, failBackAfterMs: 30_000, connectTimeoutMs: 10_000, standby: 'hot', ringSpan: 10_000 },
 * ).subscribe((event) => {
 *   if (event.kind === 'value') console.log(`${event.source} #${event.epoch} ${event.value}`);
 *   if (event.kind === 'switched') console.log(`${event.from} → ${event.to}: ${event.reason}`);
 * });
 *
 * bybit$.next({ kind: 'connected' });
 * binance$.next({ kind: 'connected' });
 * bybit$.next(price(1, '61837.63'));
 * binance$.next(price(2, '61840.1'));
 * bybit$.next({ kind: 'disconnected', blocked: true });
 * binance$.next(price(3, '61840.2'));
 * // null → bybit: first
 * // bybit #1 61837.63
 * // bybit → binance: blocked
 * // binance #2 61840.1
 * // binance #2 61840.2
 */
export function failover<T>(
  sources: readonly FailoverSource<T>[],
  options: FailoverOptions<T>,
): Observable<FailoverEvent<T>> {
  return new Observable((subscriber) => {
    const run = new FailoverRun(sources, options, subscriber);
    run.start();
    return () => run.stop();
  });
}

class FailoverRun<T> {
  readonly #sources: readonly FailoverSource<T>[];
  readonly #options: FailoverOptions<T>;
  readonly #out: Subscriber<FailoverEvent<T>>;
  readonly #scheduler: SchedulerLike;
  readonly #nextEpoch: (key: string, source: string) => number;
  readonly #health: SourceHealth[];
  readonly #lastAt: number[];
  readonly #rings: Held<T>[][];
  readonly #subscriptions: (Subscription | undefined)[];
  readonly #ended = new Set<number>();
  readonly #startWith: number;
  /** Sources that lack a key, by key. */
  readonly #lacking = new Map<string, Set<number>>();
  readonly #routes = new Map<string, Route>();
  #active = -1;
  /** A switch of all keys is being told; who hears of it may make a source speak. */
  #switching = false;
  readonly #wake: Alarm;
  #lastError: { readonly error: unknown } | undefined;

  constructor(sources: readonly FailoverSource<T>[], options: FailoverOptions<T>, out: Subscriber<FailoverEvent<T>>) {
    this.#sources = sources;
    this.#options = options;
    this.#out = out;
    this.#scheduler = options.scheduler ?? asyncScheduler;
    this.#wake = createAlarm(out, this.#scheduler, () => this.#decide());
    const epochs = new Map<string, number>();
    this.#nextEpoch =
      options.nextEpoch ??
      ((key) => {
        const epoch = (epochs.get(key) ?? 0) + 1;
        epochs.set(key, epoch);
        return epoch;
      });
    this.#startWith = Math.max(
      0,
      sources.findIndex(({ id }) => id === options.startWith),
    );
    this.#health = sources.map(() => UNTRIED);
    this.#lastAt = sources.map(() => Number.NEGATIVE_INFINITY);
    this.#rings = sources.map(() => []);
    this.#subscriptions = sources.map(() => undefined);
  }

  start(): void {
    if (this.#sources.length === 0) {
      this.#out.complete();
      return;
    }
    const count = this.#options.standby === 'hot' ? this.#sources.length : this.#startWith + 1;
    for (let index = 0; index < count; index++) this.#subscribe(index);
  }

  stop(): void {
    for (const subscription of this.#subscriptions) subscription?.unsubscribe();
  }

  #subscribe(index: number): void {
    if (this.#subscriptions[index] !== undefined || this.#out.closed) return;
    const subscription = new Subscription();
    this.#subscriptions[index] = subscription;
    this.#onHealth(index, { kind: 'started' });
    const source = this.#sources[index] as FailoverSource<T>;
    subscription.add(
      listen(source.events$, this.#out, {
        next: (event) => this.#onEvent(index, event),
        error: (error) => {
          this.#lastError = { error };
          this.#onEnd(index);
        },
        complete: () => this.#onEnd(index),
      }),
    );
    if (this.#out.closed) subscription.unsubscribe();
  }

  #onEnd(index: number): void {
    this.#ended.add(index);
    this.#onHealth(index, { kind: 'disconnected', blocked: true });
    if (this.#ended.size < this.#sources.length || this.#out.closed) return;
    if (this.#lastError === undefined) this.#out.complete();
    else this.#out.error(this.#lastError.error);
  }

  #onEvent(index: number, event: SourceEvent<T>): void {
    switch (event.kind) {
      case 'value':
        if (event.late !== true) this.#onData(index, event.at);
        this.#onValue(index, event.key, event.at, event.value);
        return;
      case 'serves':
        this.#onServes(index, event.key, event.serves);
        return;
      default:
        this.#onHealth(index, event);
    }
  }

  #onData(index: number, at: number): void {
    const health = this.#health[index] as SourceHealth;
    if (!health.hasData || health.stale) this.#onHealth(index, { kind: 'data' });
    this.#lastAt[index] = at;
  }

  #onValue(index: number, key: string, at: number, value: T): void {
    const route = this.#routes.get(key) ?? this.#newRoute(key);
    if (route?.source === index && !this.#isMoving(key, route)) this.#emit(route, key, at, value, false);
    else this.#hold(index, key, at, value);
  }

  #isMoving(key: string, { source }: Route): boolean {
    return this.#switching && source !== this.#active && this.#serving(key, source) === this.#active;
  }

  #emit(route: Route, key: string, at: number, value: T, held: boolean): void {
    const source = (this.#sources[route.source] as FailoverSource<T>).id;
    if (route.epoch === 0) {
      route.epoch = this.#nextEpoch(key, source);
      this.#out.next({ kind: 'epoch', source, key, epoch: route.epoch });
    }
    // What is told beside the data has no time of its own.
    route.lastAt = Math.max(route.lastAt, at);
    this.#out.next({ kind: 'value', source, key, epoch: route.epoch, value, held });
  }

  #hold(index: number, key: string, at: number, value: T): void {
    if (this.#options.keepInRing?.(value) === false) return;
    const ring = this.#rings[index] as Held<T>[];
    ring.push({ key, at, value });
    const oldest = at - this.#options.ringSpan;
    // Cut in large pieces: the ring may be up to twice as long as asked for, and each value is moved once.
    if ((ring[ring.length >> 1] as Held<T>).at < oldest) {
      let first = ring.length >> 1;
      while ((ring[first] as Held<T>).at < oldest) first++;
      const keys = new Set(ring.splice(0, first).map((held) => held.key));
      const { id } = this.#sources[index] as FailoverSource<T>;
      for (const lapsed of this.#goingOn(index, keys)) this.#options.onLapsed?.(lapsed, id);
    }
  }

  #onHealth(index: number, event: HealthEvent): void {
    this.#health[index] = nextHealth(this.#health[index] as SourceHealth, event, this.#scheduler.now(), this.#options);
    this.#decide();
  }

  #decide(): void {
    const now = this.#scheduler.now();
    const decision = decide(this.#health, this.#active, now, this.#options, this.#startWith);
    if (decision.active !== this.#active) {
      this.#switchAll(decision);
      this.#decide();
      return;
    }
    for (const key of this.#lacking.keys()) this.#reroute(key);
    const standbyAt = this.#options.standby === 'cold' ? this.#wakeStandby(now) : null;
    const wakeAt =
      decision.wakeAt === null || standbyAt === null
        ? (decision.wakeAt ?? standbyAt)
        : Math.min(decision.wakeAt, standbyAt);
    if (wakeAt === null) this.#wake.clear();
    else this.#wake.set(Math.max(0, wakeAt - now));
  }

  /** Cold standby: when every source that runs has failed, the next one in order is started. Returns when to look again. */
  #wakeStandby(now: number): number | null {
    const running = this.#sources.findLastIndex((_, index) => this.#subscriptions[index] !== undefined);
    const last = this.#health[running];
    if (last === undefined || running + 1 >= this.#sources.length) return null;
    if (this.#health.some((health) => health.healthySince !== null)) return null;
    const failsAt =
      last.blocked || last.stale ? now : last.downSince === null ? null : last.downSince + this.#options.graceMs;
    if (failsAt === null || failsAt > now) return failsAt;
    this.#subscribe(running + 1);
    return null;
  }

  #switchAll(decision: Decision): void {
    const from = this.#active;
    const to = decision.active;
    this.#active = to;
    const reason = decision.reason ?? 'first';
    const going = this.#goingOn(to, new Set((this.#rings[to] as Held<T>[]).map(({ key }) => key)));
    this.#switching = true;
    this.#out.next({
      kind: 'switched',
      from: this.#sources[from]?.id ?? null,
      to: (this.#sources[to] as FailoverSource<T>).id,
      reason,
      key: null,
      back: reason === 'preferred_again',
    });
    this.#switching = false;
    const cut = from === -1 ? this.#startsAfter(to) : (this.#lastAt[from] as number);
    // What it lacks stays where it is, or is rerouted by the decision that follows.
    const taken = new Map<string, number>();
    for (const [key, route] of this.#routes) {
      if (route.source === to || this.#serving(key, route.source) !== to) continue;
      taken.set(key, this.#move(key, route, to, cut));
    }
    for (const { key } of this.#rings[to] as Held<T>[])
      if (!this.#routes.has(key) && this.#newRoute(key)?.source === to) taken.set(key, cut);
    this.#release(to, taken, going);
    if (this.#options.standby === 'cold' && reason === 'preferred_again') this.#dropStandby(to);
  }

  /** What the source to start with had to say before its first data belongs to it; of any other, nothing does. */
  #startsAfter(first: number): number {
    const { startWith } = this.#options;
    return this.#sources[first]?.id === startWith ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }

  /** Those behind the last that serves a key: of those that run, the order has no holes. */
  #dropStandby(active: number): void {
    let last = active;
    for (const { source } of this.#routes.values()) last = Math.max(last, source);
    for (let index = last + 1; index < this.#sources.length; index++) {
      this.#subscriptions[index]?.unsubscribe();
      this.#subscriptions[index] = undefined;
      this.#ended.delete(index);
      this.#health[index] = UNTRIED;
      this.#rings[index] = [];
      // Started again, it says anew what it has not.
      for (const key of [...this.#lacking.keys()]) this.#noteServes(index, key, true);
    }
  }

  /** Those of the keys of which all that the ring of a source holds belongs to it. To be asked before a switch is told, which begins them. */
  #goingOn(index: number, keys: Iterable<string>): ReadonlySet<string> {
    const { id } = this.#sources[index] as FailoverSource<T>;
    return new Set([...keys].filter((key) => !this.#isServed(key) && this.#options.goesOn?.(key, id) === true));
  }

  /** Another source serves the key from now on. Up to where it was served: to there, or, where nothing came in this turn, before. */
  #move(key: string, { epoch, lastAt, servedTo: before }: Omit<Route, 'source'>, to: number, here: number): number {
    const servedTo = epoch === 0 && before !== Number.NEGATIVE_INFINITY ? before : here;
    const isServed = lastAt !== Number.NEGATIVE_INFINITY;
    this.#routes.set(key, { source: to, epoch: 0, lastAt, servedTo: isServed ? servedTo : lastAt });
    return servedTo;
  }

  /** Emits what the ring of a source holds of these keys, received after the time given for each or of those that go on, and forgets it. */
  #release(index: number, keys: ReadonlyMap<string, number>, going: ReadonlySet<string>): void {
    const ring = this.#rings[index] as Held<T>[];
    const oldest = (this.#lastAt[index] as number) - this.#options.ringSpan;
    this.#rings[index] = ring.filter(({ key }) => !keys.has(key));
    for (const held of ring) {
      const cut = keys.get(held.key);
      if (cut === undefined || (!going.has(held.key) && (held.at <= cut || held.at < oldest))) continue;
      this.#emit(this.#routes.get(held.key) as Route, held.key, held.at, held.value, true);
    }
  }

  /** A value of the key was told, of whatever source. */
  #isServed(key: string): boolean {
    return (this.#routes.get(key)?.lastAt ?? Number.NEGATIVE_INFINITY) > Number.NEGATIVE_INFINITY;
  }

  #newRoute(key: string): Route | undefined {
    const source = this.#serving(key, this.#active);
    if (source === -1) return undefined;
    const route = { ...UNSERVED, source };
    this.#routes.set(key, route);
    return route;
  }

  /**
   * The active source if it has the key; else the one that serves it now while that is healthy; else the first healthy one
   * that has it. Where there is none it stays where it is.
   */
  #serving(key: string, now: number): number {
    const lacking = this.#lacking.get(key);
    if (lacking === undefined || !lacking.has(this.#active) || this.#active === -1) return this.#active;
    const usable = (index: number): boolean =>
      !lacking.has(index) && this.#health[index]?.healthySince !== null && index !== -1;
    if (now !== this.#active && usable(now)) return now;
    const other = this.#sources.findIndex((_, index) => usable(index));
    return other === -1 ? now : other;
  }

  #onServes(index: number, key: string, serves: boolean): void {
    this.#noteServes(index, key, serves);
    this.#reroute(key);
  }

  #noteServes(index: number, key: string, serves: boolean): void {
    const lacking = this.#lacking.get(key) ?? new Set<number>();
    if (serves) lacking.delete(index);
    else lacking.add(index);
    if (lacking.size === 0) this.#lacking.delete(key);
    else this.#lacking.set(key, lacking);
  }

  #reroute(key: string): void {
    const route = this.#routes.get(key);
    if (this.#active === -1) return;
    const from = route?.source ?? this.#active;
    const to = this.#serving(key, from);
    if (to === from) return;
    const back = to === this.#active;
    const here = back ? (this.#lastAt[from] as number) : (route?.lastAt ?? Number.POSITIVE_INFINITY);
    const cut = this.#move(key, route ?? UNSERVED, to, here);
    const going = this.#goingOn(to, [key]);
    const { id } = this.#sources[from] as FailoverSource<T>;
    if (this.#isServed(key) || this.#options.goesOn?.(key, id) === true)
      this.#out.next({
        kind: 'switched',
        from: id,
        to: (this.#sources[to] as FailoverSource<T>).id,
        reason: back ? 'preferred_again' : 'not_served',
        key,
        back,
      });
    this.#release(to, new Map([[key, cut]]), going);
  }
}
