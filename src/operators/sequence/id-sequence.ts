/** Where a sequence stands: the last id that was passed on, possibly by a previous run, and when it was. */
export interface Checkpoint {
  readonly id: string;
  /** Venue's time, milliseconds. */
  readonly timestamp: number;
}

/** Missing values between two known ones, both exclusive. */
export interface SequenceGap<T> {
  readonly before: Checkpoint;
  readonly after: T;
  /** How many values are missing; null: the ids do not tell. */
  readonly missing: number | null;
  /** How many of them came after all and were passed on, or follow the report. */
  readonly filled: number;
}

export type Sequenced<T> =
  | { readonly kind: 'value'; readonly value: T }
  /** Values wait until this gap is filled or given up; then a `gap` with the same bounds follows. */
  | { readonly kind: 'pending'; readonly gap: SequenceGap<T> }
  | { readonly kind: 'gap'; readonly gap: SequenceGap<T> }
  /** The ids start again: the value, which follows, is the first known one of the new count. */
  | { readonly kind: 'reset'; readonly before: Checkpoint; readonly value: T };

/** Values to fetch: those between two others, or the last ones as far back as `before`. */
export interface MissingValues<T> {
  readonly before: Checkpoint;
  /** Undefined: no value came since. */
  readonly after: T | undefined;
}

/** Values may be missing behind a checkpoint. */
export interface PossibleGap {
  readonly before: Checkpoint;
  /** Tells one possible gap from another with the same checkpoint. */
  readonly since: number;
}

/** Since when no line carries the values: `since` of a possible gap that nothing waits for. */
export const NO_LINE = Number.NEGATIVE_INFINITY;

/**
 * Puts the values of one key in the order of their ids, each once, from one line or several. Times (`now`, `since`) are
 * milliseconds of the caller's clock. Each method that returns an array returns what is passed on because of the call.
 */
export interface IdSequence<T> {
  readonly duplicates: number;
  /** Since when values wait for the oldest gap; undefined: no value waits. */
  readonly heldSince: number | undefined;
  /** Since when a gap may be pending that was not announced: when `announce` has work; undefined: never. */
  readonly unannouncedSince: number | undefined;
  /** The first value that came by a line and waits. */
  readonly waiting: T | undefined;
  /** What to fetch, in order. */
  readonly gaps: readonly MissingValues<T>[];
  /** Undefined: as far as is known, every value was passed on. */
  readonly possibleGap: PossibleGap | undefined;
  /** Another line may still bring what is missing. */
  readonly isFilledByLines: boolean;
  /** Nothing was passed on since `resume`. */
  readonly isResumed: boolean;

  /** Continues where a previous run ended, as if the value with that id had been passed on. Call it before any value. */
  resume(checkpoint: Checkpoint): void;
  /** Undoes `resume`, if nothing was passed on since: the first value that came begins, and no gap lies before it. */
  forget(): Sequenced<T>[];

  /** A line has connected. */
  joined(line: number): void;
  /** The venue has acknowledged the line's subscription. */
  subscribed(line: number, now: number): Sequenced<T>[];
  /** The line is gone. */
  lost(line: number, now: number): Sequenced<T>[];
  /** The line stays connected, but its subscription has ended. */
  unsubscribed(line: number, now: number): Sequenced<T>[];
  /** A subscribed line takes the place of another one, which is gone. */
  replaced(from: number, to: number, now: number): Sequenced<T>[];

  /** True: the value is simply the next one and counts as passed on. The hot path: it makes no result object. */
  next(line: number, value: T): boolean;
  accept(line: number, value: T, now: number): readonly Sequenced<T>[];
  /** Announces the gaps that opened no later than `openedBy` and were not announced before, and those in front of them. */
  announce(openedBy: number): Sequenced<T>[];
  /** Takes fetched values, in any order; those that are not missing are left out. */
  fill(values: readonly T[]): Sequenced<T>[];
  /** Gives up the gaps that opened no later than `openedBy`, by default all: the values behind them follow. */
  release(openedBy?: number): Sequenced<T>[];
}
