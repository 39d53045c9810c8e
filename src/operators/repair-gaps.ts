import { asyncScheduler, EMPTY, Observable, type OperatorFunction, type SchedulerLike } from 'rxjs';
import { createAlarm } from './alarm.ts';
import { listen } from './listen.ts';
import { ContiguousSequence } from './sequence/contiguous-sequence.ts';
import { GapRepair } from './sequence/gap-repair.ts';
import type { Checkpoint, IdSequence, Sequenced, SequenceGap } from './sequence/id-sequence.ts';

/** Ids that are missing: behind `before` and in front of `after`, both of which are there. */
export interface MissingIds<T> {
  readonly key: string;
  readonly before: Checkpoint;
  readonly after: T;
}

export interface RepairGapsOptions<T> {
  /** Names the series that a value belongs to; each has ids of its own. Default: there is one series. */
  key?(value: T): string;
  /** First id that the value stands for; a safe integer. */
  first(value: T): number;
  /** Last id that it stands for. Default: the first. */
  last?(value: T): number;
  /** When it was, at the source, milliseconds: tells a count that starts again from a repeat. */
  timestamp(value: T): number;
  /**
   * Asks for what is missing; `attempt` counts from 0 in each repair. The first answer counts, in any order; what lies
   * outside the gap is left out, what is still missing is asked for again.
   */
  fetch(missing: MissingIds<T>, attempt: number): Observable<readonly T[]>;
  /** How long the source itself may bring what is missing, before it is fetched, milliseconds. Default 0. */
  readonly graceMs?: number;
  /** How long a series waits behind a gap, milliseconds. Default 10,000. */
  readonly holdMs?: number;
  /** How many values of a series wait at the most. Default 10,000. */
  readonly maxHeld?: number;
  /** Requests at the same time, at the most; one for each series. Default 1. */
  readonly atOnce?: number;
  /** Default `asyncScheduler`, which follows the wall clock; a monotonic one cannot be misled when that is set. */
  readonly scheduler?: SchedulerLike;
}

/** All values come by one line. */
const LINE = 0;

export type GapEvent<T> =
  | { readonly kind: 'value'; readonly key: string; readonly value: T }
  /** Something is missing, and its repair begins: `filled` is 0. */
  | { readonly kind: 'pending'; readonly key: string; readonly gap: SequenceGap<T> }
  /** What became of it, right before the first value behind it: repaired where `filled` is `missing`. */
  | { readonly kind: 'gap'; readonly key: string; readonly gap: SequenceGap<T> }
  /** The ids start again with the next value; `before` is the last one of the former count. */
  | { readonly kind: 'reset'; readonly key: string; readonly before: Checkpoint; readonly value: T };

/**
 * Puts values whose ids step by one in order, drops repeats, and fetches what is missing while what lies behind it waits.
 *
 * <span class="informal">An id that is skipped is a loss that can be proved; most of the time it can be mended, too.</span>
 *
 * ```
 * source   -1-2-5-6-------7-       3 and 4 do not come
 * fetch         ---(a|)            a: [3, 4]
 *          repairGaps({ first: Number, timestamp: Number, fetch })
 * result   -1-2-p--(34g56)7-       p: pending, 2 missing; g: the gap, 2 of 2 filled
 * ```
 *
 * - **next**: each value once, in the order of its ids, as `value`; `pending` when a gap outlasts `graceMs` and is asked
 *   for; `gap` right before the first value behind a gap, with how much of it was filled; `reset` before a smaller id
 *   with a later timestamp than any. A gap that the source fills within `graceMs` is none.
 * - **error**: the source's, after what waits was given up; whatever a callback throws. An Observable of `fetch` that
 *   fails is no error: it is asked again, or, where the error has a property `retry` that says `never`, given up.
 * - **complete**: when the source has completed and nothing waits any more.
 *
 * A series waits for `holdMs` or `maxHeld` values at the most, other series not at all; then the gap is reported as it
 * is and the values go on. Answers that bring nothing are followed by longer and longer waits, up to 3 s. Its memory is
 * what waits, and a few numbers a series.
 *
 * @example
 * import { from, of } from 'rxjs';
 * import { repairGaps } from 'market-feed/operators';
 *
 * const trade = (id: number) => ({ id, at: 1_700_000_000_000 + id });
 *
 * from([trade(1), trade(2), trade(2), trade(5)])
 *   .pipe(
 *     repairGaps({
 *       first: ({ id }) => id,
 *       timestamp: ({ at }) => at,
 *       fetch: ({ before }) => of([trade(Number(before.id) + 1), trade(Number(before.id) + 2)]),
 *     }),
 *   )
 *   .subscribe((event) => {
 *     if (event.kind === 'value') console.log(event.value.id);
 *     if (event.kind === 'gap') console.log(`${event.gap.filled} of ${event.gap.missing} were fetched`);
 *   });
 * // 1
 * // 2
 * // 3
 * // 4
 * // 2 of 2 were fetched
 * // 5
 */
export function repairGaps<T>(options: RepairGapsOptions<T>): OperatorFunction<T, GapEvent<T>> {
  const { graceMs = 0, holdMs = 10_000, maxHeld = 10_000, atOnce = 1, scheduler = asyncScheduler } = options;
  const access = {
    first: (value: T) => options.first(value),
    last: (value: T) => (options.last ?? options.first)(value),
    timestamp: (value: T) => options.timestamp(value),
  };

  return (source) =>
    new Observable((subscriber) => {
      const series = new Map<string, IdSequence<T>>();
      const holding = new Set<string>();
      let alarmAt = Number.POSITIVE_INFINITY;
      let completed = false;

      const of = (key: string): IdSequence<T> => {
        const known = series.get(key);
        if (known !== undefined) return known;
        const sequence = new ContiguousSequence(access, maxHeld);
        series.set(key, sequence);
        return sequence;
      };
      const emit = (key: string, sequenced: readonly Sequenced<T>[]): void => {
        if (of(key).heldSince === undefined) holding.delete(key);
        else holding.add(key);
        for (const item of sequenced) subscriber.next({ ...item, key });
        if (sequenced.some(({ kind }) => kind === 'gap')) queue.ended(key);
      };
      const guarded = (work: () => void): void => {
        try {
          work();
        } catch (error) {
          subscriber.error(error);
        }
      };

      const queue = new GapRepair<string, MissingIds<T>, T>({
        fetch: (_key, missing, attempt) => {
          try {
            return options.fetch(missing, attempt);
          } catch (error) {
            subscriber.error(error);
            return EMPTY;
          }
        },
        gaps: (key) => of(key).gaps.flatMap(({ before, after }) => (after === undefined ? [] : { key, before, after })),
        fill: (key, values) =>
          guarded(() => {
            emit(key, of(key).fill(values));
            settle();
          }),
        giveUp: (key) =>
          guarded(() => {
            emit(key, of(key).release());
            settle();
          }),
        atOnce,
        scheduler,
      });
      subscriber.add(() => queue.close());

      const alarm = createAlarm(subscriber, scheduler, () => {
        alarmAt = Number.POSITIVE_INFINITY;
        look();
      });

      /** Begins, goes on with and gives up what is due now, and comes back when the next is. */
      const look = (): void => {
        const now = scheduler.now();
        // What is due was set by adding; a difference alone may be rounded to just before it.
        const sinceBy = (since: number | undefined, ms: number): number =>
          since !== undefined && since + ms <= now ? Math.max(since, now - ms) : now - ms;
        for (const key of [...holding]) {
          emit(key, of(key).announce(sinceBy(of(key).unannouncedSince, graceMs)));
          emit(key, of(key).release(sinceBy(of(key).heldSince, holdMs)));
          const { heldSince } = of(key);
          if (heldSince !== undefined && heldSince + graceMs <= now) queue.repair(key);
        }
        settle();
      };
      const settle = (): void => {
        if (completed && holding.size === 0) subscriber.complete();
        let dueAt = Number.POSITIVE_INFINITY;
        for (const key of holding) {
          const { heldSince = dueAt, unannouncedSince = dueAt } = of(key);
          dueAt = Math.min(dueAt, heldSince + holdMs, unannouncedSince + graceMs);
        }
        if (dueAt >= alarmAt) return;
        alarmAt = dueAt;
        alarm.set(Math.max(0, dueAt - scheduler.now()));
      };

      listen(source, subscriber, {
        next(value) {
          const key = options.key?.(value) ?? '';
          const sequence = of(key);
          if (sequence.next(LINE, value)) return subscriber.next({ kind: 'value', key, value });
          emit(key, sequence.accept(LINE, value, scheduler.now()));
          if (holding.size > 0) look();
        },
        error(error) {
          for (const key of [...holding]) emit(key, of(key).release());
          subscriber.error(error);
        },
        complete() {
          completed = true;
          settle();
        },
      });
    });
}
