/** Marks where a sequence ends: the last id that was passed on, possibly by a previous run, and its time. */
export interface Checkpoint {
  readonly id: string;
  /** Venue's time, milliseconds. */
  readonly timestamp: number;
}

/** Describes missing values between two known ones, both exclusive. */
export interface SequenceGap<T> {
  readonly before: Checkpoint;
  readonly after: T;
  /** How many values are missing; null if the ids do not say. */
  readonly missing: number | null;
  /** How many of the missing values were passed on after all, or follow this event. */
  readonly filled: number;
}

/** Results of an `IdSequence`, in order. */
export type Sequenced<T> =
  | { readonly kind: 'value'; readonly value: T }
  /** Values wait until this gap is filled or given up. A `gap` with the same bounds follows then. */
  | { readonly kind: 'pending'; readonly gap: SequenceGap<T> }
  | { readonly kind: 'gap'; readonly gap: SequenceGap<T> }
  /** The ids restart. `value` is the first one with the new ids; it follows. */
  | { readonly kind: 'reset'; readonly before: Checkpoint; readonly value: T };

/** Names values to fetch: those between two others, or the last ones back to `before`. */
export interface MissingValues<T> {
  readonly before: Checkpoint;
  /** Undefined if no later value came. */
  readonly after: T | undefined;
}

/** A possible gap: values after a checkpoint may be missing. */
export interface PossibleGap {
  readonly before: Checkpoint;
  /** Distinguishes possible gaps with the same checkpoint. */
  readonly since: number;
}

/** `since` of a possible gap that no value waits for, because no line carries the series. */
export const NO_LINE = Number.NEGATIVE_INFINITY;

/**
 * Orders the values of one key by id, each once, from one line or several. Times (`now`, `since`) are milliseconds of
 * the caller's clock. A method that returns an array returns what is passed on because of the call.
 */
export interface IdSequence<T> {
  readonly duplicates: number;
  /** Since when values wait for the oldest gap; undefined: no value waits. */
  readonly heldSince: number | undefined;
  /** Since when a gap may be open that was not announced yet, so that `announce` has work; undefined: no such gap. */
  readonly unannouncedSince: number | undefined;
  /** The first value that came by a line and waits. */
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
   * Returns true if the value is simply the next one; it then counts as passed on. Otherwise, call `accept`. This is
   * the hot path: it creates no object.
   */
  next(line: number, value: T): boolean;
  accept(line: number, value: T, now: number): readonly Sequenced<T>[];
  /** Announces gaps not announced yet that opened no later than `openedBy`, and the gaps before them. */
  announce(openedBy: number): Sequenced<T>[];
  /**
   * Takes fetched values, in any order, and leaves out the values that are not missing. Undefined stands for a value
   * that could not be read. If ids are sparse, values with an undefined among them must be newest first: the unread
   * value lies between its neighbours.
   */
  fill(values: readonly (T | undefined)[]): Sequenced<T>[];
  /** Gives up the gaps that opened no later than `openedBy`, by default all: the values after them follow. */
  release(openedBy?: number): Sequenced<T>[];
}
