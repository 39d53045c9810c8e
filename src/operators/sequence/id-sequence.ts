/* The interface and results of a state machine that orders the values of one key by id. */

/** Marks where a sequence ends: the last id that was passed on, possibly by a previous run, and its time. */
export interface Checkpoint {
  readonly id: string;
  /** Venue's time, milliseconds. */
  readonly timestamp: number;
}

/** Describes values that are missing after `before` and before `after`. */
export interface SequenceGap<T> {
  readonly before: Checkpoint;
  readonly after: T;
  /** How many values are missing; null if the ids do not say. */
  readonly missing: number | null;
  /** How many of the missing values came after all: they were passed on, or follow right after the gap. */
  readonly filled: number;
}

/** Results of an `IdSequence`, in order. */
export type Sequenced<T> =
  | { readonly kind: 'value'; readonly value: T }
  /** Values wait until this gap is filled or given up. Then a `gap` with the same bounds follows. */
  | { readonly kind: 'pending'; readonly gap: SequenceGap<T> }
  | { readonly kind: 'gap'; readonly gap: SequenceGap<T> }
  /** The ids have restarted: `before` is the last value with the old ids. `value` has a new id, and follows. */
  | { readonly kind: 'reset'; readonly before: Checkpoint; readonly value: T };

/** Names values to fetch: the values between `before` and `after`, or the source's last values back to `before`. */
export interface MissingValues<T> {
  readonly before: Checkpoint;
  /** Undefined if no later value came. */
  readonly after: T | undefined;
}

/** A possible gap: values after a checkpoint may be missing. */
export interface PossibleGap {
  readonly before: Checkpoint;
  /**
   * Since when values wait or may wait for this gap, or `NO_LINE`. This time distinguishes possible gaps with the same
   * checkpoint.
   */
  readonly since: number;
}

/** `since` of a possible gap that no value waits for, because no line carries the series. */
export const NO_LINE = Number.NEGATIVE_INFINITY;

/**
 * Orders the values of one key by id, each once, from one line or several. Times (`now`, `since`) are milliseconds of
 * the caller's clock. A method that returns an array returns the values and gaps that this call passes on.
 */
export interface IdSequence<T> {
  readonly duplicates: number;
  /** Since when values wait for the oldest gap; undefined: no value waits. */
  readonly heldSince: number | undefined;
  /** Since when a gap that is not announced yet may be open; undefined: `announce` has nothing to announce. */
  readonly unannouncedSince: number | undefined;
  /** The first waiting value that came by a line. */
  readonly waiting: T | undefined;
  /** The gaps to fetch, in order. */
  readonly gaps: readonly MissingValues<T>[];
  /** Undefined if no value is known or suspected to be missing. */
  readonly possibleGap: PossibleGap | undefined;
  /** True if another line may still bring the missing values. */
  readonly isFilledByLines: boolean;
  /** True if nothing was passed on since `resume`. */
  readonly isResumed: boolean;

  /** Continues after a previous run's last value, as if it had been passed on here. Call it before any value. */
  resume(checkpoint: Checkpoint): void;
  /**
   * Undoes `resume` if nothing was passed on since. The series then begins with the first value that came, without a
   * gap before it.
   */
  forget(): Sequenced<T>[];

  /** Notes that a line has connected. */
  joined(line: number): void;
  /** Notes that the source has acknowledged the line's subscription. */
  subscribed(line: number, now: number): Sequenced<T>[];
  /** Notes that the line is gone. */
  lost(line: number, now: number): Sequenced<T>[];
  /** Notes that the line's subscription has ended, although the line stays connected. */
  unsubscribed(line: number, now: number): Sequenced<T>[];
  /** Notes that a subscribed line (`to`) replaces another one (`from`), which is gone. */
  replaced(from: number, to: number, now: number): Sequenced<T>[];

  /**
   * Returns true if the value is simply the next one in order. It then counts as passed on. Otherwise, call `accept`.
   * This is the hot path: it creates no object.
   */
  next(line: number, value: T): boolean;
  accept(line: number, value: T, now: number): readonly Sequenced<T>[];
  /** Announces the gaps that opened no later than `openedBy`, and all gaps before them, each only once. */
  announce(openedBy: number): Sequenced<T>[];
  /**
   * Takes fetched values, in any order, and leaves out the values that are not missing. Undefined stands for a value
   * that could not be read. If ids are sparse, values with an undefined among them must be newest first: the unread
   * value lies between its neighbours.
   */
  fill(values: readonly (T | undefined)[]): Sequenced<T>[];
  /**
   * Gives up the gaps that opened no later than `openedBy` (default: all gaps), and passes on the values after them.
   */
  release(openedBy?: number): Sequenced<T>[];
}
