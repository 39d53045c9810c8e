import { defaultIfEmpty, defer, type Observable, type SchedulerLike, Subscription, take } from 'rxjs';
import { asFault } from '../domain/fault.ts';
import type { TradeEvent } from '../domain/record.ts';
import type { TradeHole } from './merge-lines.ts';

export interface GapRepairOptions {
  /** Asks the venue once for what is missing; `attempt` counts from 0. Only the first answer counts; none is an empty one. */
  readonly fetch: (symbol: string, hole: TradeHole, attempt: number) => Observable<readonly TradeEvent[]>;
  /** What is missing now, in order; empty: nothing is any more. */
  readonly holes: (symbol: string) => readonly TradeHole[];
  readonly fill: (symbol: string, trades: readonly TradeEvent[]) => void;
  /** What is missing will never be had: nothing may wait for it any longer. */
  readonly giveUp: (symbol: string) => void;
  readonly scheduler: SchedulerLike;
}

interface Repair {
  attempt: number;
  /** Answers in a row that brought nothing. */
  fruitless: number;
  timer: Subscription;
}

/** Between two tries that brought nothing; doubles. */
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 3000;

/**
 * Fetches what is missing in the trades of single symbols, page by page, until nothing is any more: how long a hole may
 * last is its owner's to decide. One request at a time, so that many holes at once do not become a storm; symbols take
 * turns, so that one whose hole cannot be filled does not use up the time of the others.
 */
export class GapRepair {
  readonly #options: GapRepairOptions;
  readonly #repairs = new Map<string, Repair>();
  readonly #waiting: string[] = [];
  #request: Subscription | undefined;
  #closed = false;

  constructor(options: GapRepairOptions) {
    this.#options = options;
  }

  /** Begins with a symbol; does nothing for one that is under repair. */
  repair(symbol: string): void {
    if (this.#closed || this.#repairs.has(symbol)) return;
    this.#repairs.set(symbol, { attempt: 0, fruitless: 0, timer: Subscription.EMPTY });
    this.#enqueue(symbol);
  }

  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
    this.#request?.unsubscribe();
    for (const { timer } of this.#repairs.values()) timer.unsubscribe();
    this.#repairs.clear();
  }

  #enqueue(symbol: string): void {
    this.#waiting.push(symbol);
    this.#next();
  }

  #next(): void {
    while (this.#request === undefined && !this.#closed) {
      const symbol = this.#waiting.shift();
      if (symbol === undefined) return;
      const repair = this.#repairs.get(symbol) as Repair;
      const holes = this.#options.holes(symbol);
      const hole = holes[repair.fruitless % holes.length];
      if (hole === undefined) this.#repairs.delete(symbol);
      else this.#ask(symbol, repair, hole);
    }
  }

  #ask(symbol: string, repair: Repair, hole: TradeHole): void {
    const { fetch, fill, giveUp } = this.#options;
    const answer$ = defer(() => fetch(symbol, hole, repair.attempt++)).pipe(take(1), defaultIfEmpty([]));
    this.#request = new Subscription();
    this.#request.add(
      answer$.subscribe({
        next: (trades) => {
          const before = this.#options.holes(symbol);
          fill(symbol, trades);
          const progress = !sameHoles(before, this.#options.holes(symbol));
          this.#settle(symbol, repair, progress, 0);
        },
        error: (error: unknown) => {
          const { retry } = asFault(error);
          if (retry.kind === 'never') giveUp(symbol);
          this.#settle(symbol, repair, retry.kind === 'never', retry.kind === 'after' ? retry.afterMs : 0);
        },
      }),
    );
  }

  /** The answer is in: the next symbol's turn; this one's comes again, after a wait where it brought nothing. */
  #settle(symbol: string, repair: Repair, progress: boolean, atLeastMs: number): void {
    if (this.#closed) return;
    this.#request = undefined;
    if (progress) {
      repair.fruitless = 0;
      this.#enqueue(symbol);
      return;
    }
    const waitMs = Math.max(Math.min(FIRST_WAIT_MS * 2 ** repair.fruitless++, LONGEST_WAIT_MS), atLeastMs);
    repair.timer = this.#options.scheduler.schedule(() => this.#enqueue(symbol), waitMs);
    this.#next();
  }
}

function sameHoles(a: readonly TradeHole[], b: readonly TradeHole[]): boolean {
  return (
    a.length === b.length && a.every(({ before, after }, at) => before === b[at]?.before && after === b[at]?.after)
  );
}
