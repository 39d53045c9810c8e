import type { Observable, SchedulerLike } from 'rxjs';
import { COUNT, FUNCTION, MS, OBSERVABLE, type OptionRules, required, SCHEDULER } from '../check-option.ts';
import type { Checkpoint, IdSequence, MissingValues, PossibleGap, Sequenced } from './id-sequence.ts';

/** Names missing ids: those between `before` and `after`, both exclusive. */
export interface MissingIds<T> {
  readonly key: string;
  readonly before: Checkpoint;
  readonly after: T;
}

/** Times and limits of gap repair. A key of type `K` names a series. */
export interface GapTiming<K> {
  /**
   * How long to wait for the source itself to deliver missing values before they are fetched, milliseconds. Default 0.
   */
  readonly graceMs?: number | ((key: K) => number);
  /** How long a series waits for a gap to be filled, milliseconds. Default 10,000. */
  readonly holdMs?: number;
  /** How many requests run at a time, each for another series. Default 1. */
  readonly atOnce?: number;
  /**
   * The source of time. Default `asyncScheduler`. If the wall clock may be set, pass a scheduler with a monotonic
   * clock.
   */
  readonly scheduler?: SchedulerLike;
}

/** Options of `repairGaps` for one source with ids that step by one. */
export interface RepairGapsOptions<T> extends GapTiming<string> {
  /** Series of the value; each series has its own ids. Default: one series. */
  key?(value: T): string;
  /** First id that the value stands for; a safe integer. */
  first(value: T): number;
  /** Last id that the value stands for; an aggregate stands for several. Default: the first. */
  last?(value: T): number;
  /** Time of the value at the source, milliseconds. It distinguishes restarted ids from repeats. */
  timestamp(value: T): number;
  /**
   * Fetches the missing values; `attempt` counts from 0 in each repair. Only the first emitted array counts; its order
   * does not matter. Values outside the gap are dropped; values that are still missing are fetched again.
   */
  fetch(missing: MissingIds<T>, attempt: number): Observable<readonly T[]>;
  /** How many values of a series wait at most. Default 10,000. */
  readonly maxHeld?: number;
}

/** A change of a series other than a value: for example, a line is subscribed or lost. */
export interface SequenceChange<K, T> {
  readonly key: K;
  readonly change: (sequence: IdSequence<T>, now: number) => readonly Sequenced<T>[];
}

/**
 * Options of `repairGaps` for several lines, or for ids that jump. `A` is a value together with the line that delivered
 * it.
 */
export interface RepairLinesOptions<A, T, K> extends GapTiming<K> {
  /** Series of the arrival. */
  key(arrival: A): K;
  /** Line that delivered the value. */
  line(arrival: A): number;
  /** The value that was delivered. */
  value(arrival: A): T;
  /** Makes the state of a new series; called once for each series. */
  sequence(key: K): IdSequence<T>;
  /** Other changes of a series: a line joins, is subscribed or is lost. */
  readonly changes$?: Observable<SequenceChange<K, T>>;
  /**
   * As in `RepairGapsOptions`. Undefined in an array stands for a value that could not be read. Default: nothing is
   * fetched, and a gap is emitted after `graceMs`.
   */
  fetch?(key: K, missing: MissingValues<T>, attempt: number): Observable<readonly (T | undefined)[]>;
  /**
   * Called when values after a series' checkpoint are missing or may be missing. Called with undefined when no value
   * can be missing any more.
   */
  onPossibleGap?(key: K, gap: PossibleGap | undefined): void;
}

const TIMING_RULES: OptionRules<GapTiming<unknown>> = {
  graceMs: [(value) => MS[0](value) || FUNCTION[0](value), `${MS[1]}, or a function of the series`],
  holdMs: MS,
  atOnce: COUNT,
  scheduler: SCHEDULER,
};
export const ONE_LINE_RULES: OptionRules<RepairGapsOptions<unknown>> = {
  key: FUNCTION,
  first: required(FUNCTION),
  last: FUNCTION,
  timestamp: required(FUNCTION),
  fetch: required(FUNCTION),
  ...TIMING_RULES,
  maxHeld: COUNT,
};
export const LINES_RULES: OptionRules<RepairLinesOptions<unknown, unknown, unknown>> = {
  key: required(FUNCTION),
  line: required(FUNCTION),
  value: required(FUNCTION),
  sequence: required(FUNCTION),
  changes$: OBSERVABLE,
  fetch: FUNCTION,
  onPossibleGap: FUNCTION,
  ...TIMING_RULES,
};
