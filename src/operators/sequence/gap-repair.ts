import { defaultIfEmpty, defer, type Observable, type SchedulerLike, Subscription, take } from 'rxjs';
import { LONGEST_TIMER_MS } from '../alarm.ts';
import { retryDecision } from '../retry-decision.ts';
import type { MissingValues } from './id-sequence.ts';

export interface GapRepairOptions<K, G extends MissingValues<unknown>, T> {
  /** Fetches missing values; `attempt` counts from 0. Only the first emitted array is used. */
  readonly fetch: (key: K, gap: G, attempt: number) => Observable<readonly T[]>;
  /** Returns the open gaps of a series, in order. */
  readonly gaps: (key: K) => readonly G[];
  readonly fill: (key: K, values: readonly T[]) => void;
  /** Called when the missing values can never be fetched, so nothing may wait for them any longer. */
  readonly giveUp: (key: K) => void;
  /** Maximum number of running requests, over all series. */
  readonly atOnce: number;
  readonly scheduler: SchedulerLike;
}

interface Repair<K> {
  readonly key: K;
  attempt: number;
  fruitless: number;
  timer: Subscription;
  /** The running request and the value after its gap; undefined while no request runs. */
  asked: { readonly after: unknown; readonly request: Subscription } | undefined;
}

/**
 * Pause after a request that brought no missing value, milliseconds. It doubles with each such request, up to
 * `LONGEST_WAIT_MS`.
 */
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 3000;

/**
 * Fetches the missing values of several series, page by page. At most one request runs for each series and `atOnce` for
 * all, however many gaps there are. Series take turns: a gap that cannot be filled does not block the other series.
 */
export class GapRepair<K, G extends MissingValues<unknown>, T> {
  readonly #options: GapRepairOptions<K, G, T>;
  readonly #repairs = new Map<K, Repair<K>>();
  readonly #waiting: Repair<K>[] = [];
  readonly #requests = new Set<Subscription>();
  /**
   * True while `#next` sends requests. If a request is answered synchronously, the answer must not call `#next`
   * recursively.
   */
  #asking = false;
  #closed = false;

  constructor(options: GapRepairOptions<K, G, T>) {
    this.#options = options;
  }

  /** Starts the repair of a series, unless it is already running. */
  repair(key: K): void {
    if (this.#closed || this.#repairs.has(key)) return;
    const repair = { key, attempt: 0, fruitless: 0, timer: Subscription.EMPTY, asked: undefined };
    this.#repairs.set(key, repair);
    this.#enqueue(repair);
  }

  /** Cancels the running request of a series if its gap has ended. */
  ended(key: K): void {
    const repair = this.#repairs.get(key);
    if (repair?.asked === undefined) return;
    const { after, request } = repair.asked;
    if (this.#options.gaps(key).some((gap) => after === undefined || gap.after === after)) return;
    repair.asked = undefined;
    this.#requests.delete(request);
    request.unsubscribe();
    this.#settle(repair, true, 0);
  }

  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
    for (const request of this.#requests) request.unsubscribe();
    for (const { timer } of this.#repairs.values()) timer.unsubscribe();
    this.#repairs.clear();
  }

  #enqueue(repair: Repair<K>): void {
    this.#waiting.push(repair);
    this.#next();
  }

  #next(): void {
    if (this.#asking) return;
    this.#asking = true;
    while (this.#requests.size < this.#options.atOnce && !this.#closed) {
      const repair = this.#waiting.shift();
      if (repair === undefined) break;
      const gaps = this.#options.gaps(repair.key);
      const gap = gaps[repair.fruitless % gaps.length];
      if (gap === undefined) this.#repairs.delete(repair.key);
      else this.#ask(repair, gap);
    }
    this.#asking = false;
  }

  #ask(repair: Repair<K>, gap: G): void {
    const { fetch, fill, giveUp } = this.#options;
    const { key } = repair;
    const answer$ = defer(() => fetch(key, gap, repair.attempt++)).pipe(take(1), defaultIfEmpty([]));
    const request = new Subscription();
    this.#requests.add(request);
    repair.asked = { after: gap.after, request };
    const settle = (progress: boolean, atLeastMs: number): void => {
      this.#requests.delete(request);
      this.#settle(repair, progress, atLeastMs);
    };
    request.add(
      answer$.subscribe({
        next: (values) => {
          repair.asked = undefined;
          const before = this.#options.gaps(key);
          fill(key, values);
          settle(!sameGaps(before, this.#options.gaps(key)), 0);
        },
        error: (error: unknown) => {
          repair.asked = undefined;
          const retry = retryDecision(error);
          if (retry.kind === 'never') giveUp(key);
          settle(retry.kind === 'never', retry.kind === 'after' ? retry.afterMs : 0);
        },
      }),
    );
  }

  /**
   * Ends the turn of a series, and starts the next requests. The series queues again: after progress at once, otherwise
   * after a pause.
   */
  #settle(repair: Repair<K>, progress: boolean, atLeastMs: number): void {
    if (this.#closed) return;
    if (progress) {
      repair.fruitless = 0;
      this.#enqueue(repair);
      return;
    }
    const waitMs = Math.min(FIRST_WAIT_MS * 2 ** repair.fruitless++, LONGEST_WAIT_MS);
    // If `atLeastMs` is NaN, it has no effect.
    this.#wait(repair, atLeastMs > waitMs ? atLeastMs : waitMs);
    this.#next();
  }

  #wait(repair: Repair<K>, waitMs: number): void {
    const step = Math.min(waitMs, LONGEST_TIMER_MS);
    repair.timer = this.#options.scheduler.schedule(
      () => (waitMs > step ? this.#wait(repair, waitMs - step) : this.#enqueue(repair)),
      step,
    );
  }
}

function sameGaps(a: readonly MissingValues<unknown>[], b: readonly MissingValues<unknown>[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ before, after }, at) => before.id === b[at]?.before.id && after === b[at]?.after)
  );
}
