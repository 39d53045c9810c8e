import { asyncScheduler, Observable, type SchedulerLike, type Subscriber } from 'rxjs';
import { type Alarm, createAlarm } from './alarm.ts';
import { type Decision, decide } from './failover/failover-decision.ts';
import {
  type FailoverEvent,
  type FailoverSource,
  isSourceEvent,
  type OtherEvent,
  type SourceEvent,
} from './failover/failover-events.ts';
import { checkFailover, type FailoverOptions } from './failover/failover-options.ts';
import { KeyRoutes, type Route } from './failover/key-routes.ts';
import { SourceState } from './failover/source-state.ts';
import { listen } from './listen.ts';

/**
 * Emits the values of the first healthy source in order of preference, and an event when the source changes.
 *
 * <span class="informal">One source serves at a time; if it fails, the next one continues where it stopped.</span>
 *
 * ```
 * a        -C-1---2--X-----C-3--4-5-------6-     C: connected, X: disconnected, blocked
 * b        -C--x---y-----z----w---------q---
 *          failover([a, b], { graceMs: 5, failBackAfterMs: 4, … })
 * result   ---(F1)2--(Sy)z----w---(B45)---6-     F: first, S: a → b, y held since it came after 2; B: b → a, 4 held
 * ```
 *
 * - **next**: `value` for each value of the source that serves its key. `switched` when another source begins to serve,
 *   also at the start. `epoch` right before the first value of a key each time a source begins to serve it (not in the
 *   picture). Events whose kind `failover` does not handle pass at once and unchanged, whether their source serves or
 *   not.
 * - **error**: when every source has ended, the last error of a source, if there was one; what an option function
 *   throws.
 * - **complete**: when every source has ended, none of them with an error. While other sources continue, a source that
 *   has ended counts as blocked.
 *
 * After a switch, the values that the new source sent since the old source's last data come first, marked `held`. A key
 * may have had no value from the old source. Then its held values begin where an earlier source stopped serving it.
 * After the first value of an epoch, no value of the key's earlier epochs comes. For each source, the operator keeps
 * the values of up to twice `ringSpan`.
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
 *   { graceMs: 500, failBackAfterMs: 30_000, connectTimeoutMs: 10_000, ringSpan: 10_000 },
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
): Observable<FailoverEvent<T>>;
export function failover<T, E extends OtherEvent>(
  sources: readonly FailoverSource<T, E>[],
  options: FailoverOptions<T>,
): Observable<FailoverEvent<T> | E>;
export function failover<T, E extends OtherEvent>(
  sources: readonly FailoverSource<T, E>[],
  options: FailoverOptions<T>,
): Observable<FailoverEvent<T> | E> {
  checkFailover(sources, options);
  return new Observable((subscriber) => new FailoverRun(sources, options, subscriber).start(sources));
}

type Switch = Extract<FailoverEvent<unknown>, { kind: 'switched' }>;

class FailoverRun<T, E extends OtherEvent> {
  readonly #options: FailoverOptions<T>;
  readonly #out: Subscriber<FailoverEvent<T> | E>;
  readonly #scheduler: SchedulerLike;
  readonly #nextEpoch: (key: string, source: string) => number;
  readonly #sources: readonly SourceState<T>[];
  readonly #routes: KeyRoutes<T>;
  readonly #wake: Alarm;
  readonly #startWith: number;
  #active: SourceState<T> | undefined;
  /** The source that serves again with its next data. */
  #returning: SourceState<T> | undefined;
  /** True while a switch of all keys is emitted. Meanwhile, the result's subscriber may make a source emit. */
  #switching = false;
  #lastError: { readonly error: unknown } | undefined;

  constructor(
    sources: readonly FailoverSource<T, E>[],
    options: FailoverOptions<T>,
    out: Subscriber<FailoverEvent<T> | E>,
  ) {
    this.#options = options;
    this.#out = out;
    this.#scheduler = options.scheduler ?? asyncScheduler;
    this.#wake = createAlarm(out, this.#scheduler, () => this.#decide());
    this.#nextEpoch = options.nextEpoch ?? countEpochs();
    this.#sources = sources.map(({ id }) => new SourceState(id, options, options.ringSpan));
    this.#routes = new KeyRoutes(this.#sources);
    this.#startWith = Math.max(
      0,
      sources.findIndex(({ id }) => id === options.startWith),
    );
  }

  start(inputs: readonly FailoverSource<T, E>[]): void {
    for (const [index, source] of this.#sources.entries()) this.#subscribe(source, inputs[index]?.events$);
  }

  #subscribe(source: SourceState<T>, events$: FailoverSource<T, E>['events$'] | undefined): void {
    if (events$ === undefined || this.#out.closed) return;
    this.#onHealth(source, { kind: 'started' });
    listen(events$, this.#out, {
      next: (event) => {
        if (isSourceEvent<T>(event)) this.#onEvent(source, event);
        else this.#out.next(event);
      },
      error: (error) => {
        this.#lastError = { error };
        this.#onEnd(source);
      },
      complete: () => this.#onEnd(source),
    });
  }

  #onEnd(source: SourceState<T>): void {
    source.hasEnded = true;
    this.#onHealth(source, { kind: 'disconnected', blocked: true });
    if (this.#out.closed || !this.#sources.every(({ hasEnded }) => hasEnded)) return;
    if (this.#lastError === undefined) this.#out.complete();
    else this.#out.error(this.#lastError.error);
  }

  #onEvent(source: SourceState<T>, event: SourceEvent<T>): void {
    switch (event.kind) {
      case 'value':
        if (event.late !== true) {
          if (source.awaitsData || source === this.#returning) this.#onHealth(source, { kind: 'data' });
          source.lastAt = event.at;
        }
        this.#onValue(source, event.key, event.at, event.value);
        return;
      case 'serves':
        this.#routes.setServes(source, event.key, event.serves);
        this.#reroute(event.key);
        return;
      default:
        this.#onHealth(source, event);
    }
  }

  #onValue(source: SourceState<T>, key: string, at: number, value: T): void {
    const route = this.#routes.get(key) ?? this.#newRoute(key);
    if (route?.source === source && !this.#isMoving(key, source)) this.#emit(route, key, at, value, false);
    else this.#hold(source, key, at, value);
  }

  /** Returns true if the switch that is being emitted moves the key to another source. */
  #isMoving(key: string, source: SourceState<T>): boolean {
    const active = this.#active;
    return (
      this.#switching &&
      active !== undefined &&
      source !== active &&
      this.#routes.choose(key, active, source) === active
    );
  }

  #emit(route: Route<T>, key: string, at: number, value: T, held: boolean): void {
    const source = route.source.id;
    if (route.epoch === 0) {
      route.epoch = this.#nextEpoch(key, source);
      this.#out.next({ kind: 'epoch', source, key, epoch: route.epoch });
    }
    // A value may be older than the last one of its key.
    route.lastAt = Math.max(route.lastAt, at);
    this.#out.next({ kind: 'value', source, key, epoch: route.epoch, value, held });
  }

  #hold(source: SourceState<T>, key: string, at: number, value: T): void {
    const { keepInRing, onLapsed } = this.#options;
    if (keepInRing?.(value) === false) return;
    const lapsed = source.ring.push({ key, at, value });
    if (lapsed !== undefined && onLapsed !== undefined)
      for (const gone of this.#continuing(source, lapsed)) onLapsed(gone, source.id);
  }

  #onHealth(source: SourceState<T>, event: Parameters<SourceState<T>['next']>[0]): void {
    source.next(event, this.#scheduler.now());
    this.#decide(event.kind === 'data' ? this.#sources.indexOf(source) : undefined);
  }

  /** @param delivering index of the source whose data has just come */
  #decide(delivering?: number): void {
    const now = this.#scheduler.now();
    const health = this.#sources.map((source) => source.health);
    const active = this.#active === undefined ? -1 : this.#sources.indexOf(this.#active);
    const decision = decide(health, active, now, this.#options, { startWith: this.#startWith, delivering });
    this.#returning = decision.returning === undefined ? undefined : this.#sources[decision.returning];
    const next = this.#sources[decision.active];
    if (next !== undefined && next !== this.#active) {
      this.#switchAll(next, decision.reason ?? 'first');
      this.#decide();
      return;
    }
    for (const key of this.#routes.lackedKeys) this.#reroute(key);
    if (decision.wakeAt === null) this.#wake.clear();
    else this.#wake.set(Math.max(0, decision.wakeAt - now));
  }

  #switchAll(to: SourceState<T>, reason: NonNullable<Decision['reason']>): void {
    const from = this.#active;
    this.#active = to;
    const continuing = this.#continuing(to, to.ring.keys);
    this.#switching = true;
    this.#emitSwitch(from, to, reason, null);
    this.#switching = false;
    // At the start, all held values of the source `startWith` are emitted, but none of another source.
    const start = to.id === this.#options.startWith ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    const cut = from?.lastAt ?? start;
    // A key that the new source lacks keeps its source here; the next decision may reroute it.
    const taken = new Map<string, number>();
    for (const [key, { source }] of this.#routes.entries)
      if (source !== to && this.#routes.choose(key, to, source) === to) taken.set(key, cut);
    for (const key of taken.keys()) taken.set(key, this.#routes.move(key, to, cut));
    for (const key of to.ring.keys)
      if (this.#routes.get(key) === undefined && this.#newRoute(key)?.source === to) taken.set(key, cut);
    this.#release(to, taken, continuing);
  }

  /**
   * Returns the keys whose held values are all emitted, because they continue a previous run. Call it before the switch
   * is emitted: the result's subscriber may change what `canResume` returns.
   */
  #continuing(source: SourceState<T>, keys: Iterable<string>): ReadonlySet<string> {
    const { canResume } = this.#options;
    return new Set([...keys].filter((key) => !this.#routes.wasServed(key) && canResume?.(key, source.id) === true));
  }

  /**
   * Emits the held values of these keys: all values of a continuing key, otherwise the values newer than the key's cut.
   */
  #release(source: SourceState<T>, cuts: ReadonlyMap<string, number>, continuing: ReadonlySet<string>): void {
    for (const { key, at, value } of source.ring.remove(cuts)) {
      const cut = cuts.get(key) ?? Number.NEGATIVE_INFINITY;
      const isOver = at <= cut || source.ring.isTooOld(at, source.lastAt);
      const route = this.#routes.get(key);
      if (route !== undefined && (continuing.has(key) || !isOver)) this.#emit(route, key, at, value, true);
    }
  }

  #emitSwitch(
    from: SourceState<T> | undefined,
    to: SourceState<T>,
    reason: Switch['reason'],
    key: string | null,
  ): void {
    const back = reason === 'preferred_again';
    this.#out.next({ kind: 'switched', from: from?.id ?? null, to: to.id, reason, key, back });
  }

  #newRoute(key: string): Route<T> | undefined {
    const active = this.#active;
    return active === undefined ? undefined : this.#routes.add(key, this.#routes.choose(key, active, active));
  }

  #reroute(key: string): void {
    const active = this.#active;
    if (active === undefined) return;
    const from = this.#routes.get(key)?.source ?? active;
    const to = this.#routes.choose(key, active, from);
    if (to === from) return;
    const back = to === active;
    const until = back ? from.lastAt : (this.#routes.get(key)?.lastAt ?? Number.POSITIVE_INFINITY);
    const cut = this.#routes.move(key, to, until);
    const continuing = this.#continuing(to, [key]);
    if (this.#routes.wasServed(key) || this.#options.canResume?.(key, from.id) === true)
      this.#emitSwitch(from, to, back ? 'preferred_again' : 'not_served', key);
    this.#release(to, new Map([[key, cut]]), continuing);
  }
}

function countEpochs(): (key: string) => number {
  const epochs = new Map<string, number>();
  return (key) => {
    const epoch = (epochs.get(key) ?? 0) + 1;
    epochs.set(key, epoch);
    return epoch;
  };
}
