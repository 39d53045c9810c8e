import { asyncScheduler, EMPTY, Observable, type OperatorFunction } from 'rxjs';
import { createAlarm } from './alarm.ts';
import { type OptionRule, requireOptions, shown } from './check-option.ts';
import { listen } from './listen.ts';
import { ContiguousSequence } from './sequence/contiguous-sequence.ts';
import { GapRepair } from './sequence/gap-repair.ts';
import type { Checkpoint, IdSequence, MissingValues, Sequenced, SequenceGap } from './sequence/id-sequence.ts';
import {
  LINES_RULES,
  ONE_LINE_RULES,
  type RepairGapsOptions,
  type RepairLinesOptions,
} from './sequence/repair-options.ts';

const ID: OptionRule = [Number.isSafeInteger, 'a whole number'];
const TIME: OptionRule = [(value) => typeof value === 'number' && !Number.isNaN(value), 'milliseconds'];

/** Events that `repairGaps` emits. */
export type GapEvent<T, K = string> =
  | { readonly kind: 'value'; readonly key: K; readonly value: T }
  /** Values are missing, and their repair begins: `filled` is 0. */
  | { readonly kind: 'pending'; readonly key: K; readonly gap: SequenceGap<T> }
  /**
   * The repair ended: with success if `filled` equals `missing`. Filled values may still follow, then the value
   * `after`. If ids jump, a value that came too late and was dropped is also a `gap`, with `missing` 1.
   */
  | { readonly kind: 'gap'; readonly key: K; readonly gap: SequenceGap<T> }
  /** The ids restart with the next value; `before` is the last value with the previous ids. */
  | { readonly kind: 'reset'; readonly key: K; readonly before: Checkpoint; readonly value: T };

/**
 * Emits values in the order of their ids, drops repeats, and fetches missing values while later ones wait.
 *
 * <span class="informal">A skipped id proves that a value is missing, and most missing values can still be
 * fetched.</span>
 *
 * ```
 * source   -1-2-5-6-------7-       3 and 4 do not come
 * fetch         ---(a|)            a: [3, 4]
 *          repairGaps({ first: Number, timestamp: Number, fetch })
 * result   -1-2-p--(34g56)7-       p: pending, 2 missing; g: the gap, 2 of 2 filled
 * ```
 *
 * - **next**: `value` for each value, once and in the order of its ids. `pending` when a gap outlasts `graceMs` and its
 *   fetch begins. `gap` when the repair has ended, before the first value after the gap, with the number of filled ids.
 *   `reset` before a value whose id does not rise although its timestamp is later than any before.
 * - **error**: the source's error, after the waiting values were emitted; what a callback throws. If the Observable of
 *   `fetch` fails, the operator fetches again. If the error's property `retry` says `never`, it gives up the gap.
 * - **complete**: when the source has completed and nothing waits any more.
 *
 * If the source fills a gap within `graceMs`, no gap is emitted. A series waits for at most `holdMs`, or until
 * `maxHeld` values wait. Then the repair ends, and the waiting values follow. Other series do not wait. If an answer
 * brings no missing value, the pause before the next request grows, up to 3 s. The operator remembers the waiting
 * values and a few numbers for each series.
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
export function repairGaps<T>(options: RepairGapsOptions<T>): OperatorFunction<T, GapEvent<T>>;
export function repairGaps<A, T, K>(options: RepairLinesOptions<A, T, K>): OperatorFunction<A, GapEvent<T, K>>;
export function repairGaps<A, T, K>(
  options: RepairGapsOptions<T> | RepairLinesOptions<A, T, K>,
): OperatorFunction<T, GapEvent<T>> | OperatorFunction<A, GapEvent<T, K>> {
  const ofLines = ['sequence', 'line'].some((name) => name in Object(options));
  requireOptions('repairGaps', options, ofLines ? LINES_RULES : ONE_LINE_RULES);
  return 'sequence' in options ? repairLines(options) : repairLines(oneLine(options));
}

const LINE = 0;

function oneLine<T>(options: RepairGapsOptions<T>): RepairLinesOptions<T, T, string> {
  const { maxHeld = 10_000 } = options;
  const access = {
    first: (value: T) => checked('first', options.first(value), ID, value),
    last: (value: T) =>
      options.last === undefined ? access.first(value) : checked('last', options.last(value), ID, value),
    timestamp: (value: T) => checked('timestamp', options.timestamp(value), TIME, value),
  };
  return {
    ...options,
    key: (value) => options.key?.(value) ?? '',
    line: () => LINE,
    value: (value) => value,
    sequence: () => new ContiguousSequence(access, maxHeld),
    fetch: (key, { before, after }, attempt) =>
      after === undefined ? EMPTY : options.fetch({ key, before, after }, attempt),
  };
}

/** Returns what a callback returned. @throws TypeError that names callback and value, if it may not return this. */
function checked(callback: string, found: number, [isAllowed, allowed]: OptionRule, value: unknown): number {
  if (isAllowed(found)) return found;
  throw new TypeError(`repairGaps: ${callback} returned ${shown(found)} for ${shown(value)}, allowed: ${allowed}`);
}

function repairLines<A, T, K>(options: RepairLinesOptions<A, T, K>): OperatorFunction<A, GapEvent<T, K>> {
  const { graceMs = 0, holdMs = 10_000, atOnce = 1, scheduler = asyncScheduler } = options;
  const fetches = options.fetch !== undefined;
  const graceOf = (key: K, { isFilledByLines }: IdSequence<T>): number => {
    if (!isFilledByLines) return 0;
    return typeof graceMs === 'number' ? graceMs : graceMs(key);
  };

  return (source) =>
    new Observable((subscriber) => {
      const sequences = new Map<K, IdSequence<T>>();
      /** Series with waiting values, and when to check each again, milliseconds by the scheduler. */
      const holding = new Map<K, number>();
      /** The `since` of each series' reported possible gap. */
      const possible = new Map<K, number>();
      let completed = false;

      const sequenceOf = (key: K): IdSequence<T> => {
        const known = sequences.get(key);
        if (known !== undefined) return known;
        const sequence = options.sequence(key);
        sequences.set(key, sequence);
        return sequence;
      };
      const reportPossible = (key: K, sequence: IdSequence<T>): void => {
        const gap = sequence.possibleGap;
        if (gap?.since === possible.get(key)) return;
        if (gap === undefined) possible.delete(key);
        else possible.set(key, gap.since);
        options.onPossibleGap?.(key, gap);
      };
      const emit = (key: K, sequenced: readonly Sequenced<T>[]): void => {
        const sequence = sequenceOf(key);
        if (sequence.heldSince === undefined) holding.delete(key);
        else if (!holding.has(key)) holding.set(key, Number.POSITIVE_INFINITY);
        for (const item of sequenced) subscriber.next({ ...item, key });
        if (options.onPossibleGap !== undefined) reportPossible(key, sequence);
        if (sequenced.some(({ kind }) => kind === 'gap')) queue.ended(key);
      };
      /** Applies the result of a fetch to its series. */
      const settle = (key: K, step: (sequence: IdSequence<T>) => readonly Sequenced<T>[]): void => {
        try {
          emit(key, step(sequenceOf(key)));
          plan(key);
        } catch (error) {
          subscriber.error(error);
        }
      };

      const queue = new GapRepair<K, MissingValues<T>, T | undefined>({
        fetch: (key, missing, attempt) => {
          try {
            return options.fetch?.(key, missing, attempt) ?? EMPTY;
          } catch (error) {
            subscriber.error(error);
            return EMPTY;
          }
        },
        gaps: (key) => sequenceOf(key).gaps,
        fill: (key, values) => settle(key, (sequence) => sequence.fill(values)),
        giveUp: (key) => settle(key, (sequence) => sequence.release()),
        atOnce,
        scheduler,
      });
      subscriber.add(() => queue.close());

      const alarm = createAlarm(subscriber, scheduler, () => {
        const now = scheduler.now();
        for (const [key, dueAt] of [...holding])
          if (dueAt <= now) check(key);
          else alarm.by(dueAt);
      });

      /** Announces, repairs and releases what is due in a series, and plans the next check. */
      const check = (key: K): void => {
        const sequence = sequenceOf(key);
        const grace = graceOf(key, sequence);
        const now = scheduler.now();
        // The check was planned for `since + ms`. At that time, rounding may make `now - ms` less than `since`. So the
        // sum decides.
        const sinceBy = (since: number | undefined, ms: number): number =>
          since !== undefined && since + ms <= now ? Math.max(since, now - ms) : now - ms;
        if (fetches) emit(key, sequence.announce(sinceBy(sequence.unannouncedSince, grace)));
        emit(key, sequence.release(sinceBy(sequence.heldSince, fetches ? holdMs : grace)));
        const { heldSince } = sequence;
        if (fetches && heldSince !== undefined && heldSince + grace <= now) queue.repair(key);
        plan(key, grace);
      };
      const plan = (key: K, grace = graceOf(key, sequenceOf(key))): void => {
        if (completed && holding.size === 0) subscriber.complete();
        const { heldSince, unannouncedSince } = sequenceOf(key);
        if (heldSince === undefined) {
          if (holding.size === 0) alarm.clear();
          return;
        }
        const releasedAt = heldSince + (fetches ? holdMs : grace);
        const announcedAt = fetches && unannouncedSince !== undefined ? unannouncedSince + grace : releasedAt;
        const dueAt = Math.min(announcedAt, releasedAt);
        holding.set(key, dueAt);
        alarm.by(dueAt);
      };
      const accept = (key: K, sequenced: readonly Sequenced<T>[]): void => {
        emit(key, sequenced);
        if (holding.has(key)) check(key);
      };

      if (options.changes$ !== undefined)
        listen(options.changes$, subscriber, {
          next: ({ key, change }) => accept(key, change(sequenceOf(key), scheduler.now())),
          complete: () => {},
        });
      listen(source, subscriber, {
        next(arrival) {
          const key = options.key(arrival);
          const sequence = sequenceOf(key);
          const line = options.line(arrival);
          const value = options.value(arrival);
          if (sequence.next(line, value)) {
            subscriber.next({ kind: 'value', key, value });
            if (possible.size > 0 && possible.has(key)) reportPossible(key, sequence);
            return;
          }
          const sequenced = sequence.accept(line, value, scheduler.now());
          const changes =
            sequenced.length > 0 ||
            sequence.heldSince !== undefined ||
            (holding.size > 0 && holding.has(key)) ||
            (possible.size > 0 && possible.has(key));
          if (changes) accept(key, sequenced);
        },
        error(error) {
          for (const key of [...holding.keys()]) emit(key, sequenceOf(key).release());
          subscriber.error(error);
        },
        complete() {
          completed = true;
          if (holding.size === 0) subscriber.complete();
        },
      });
    });
}
