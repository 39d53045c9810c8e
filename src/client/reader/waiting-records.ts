import { asFault, Fault } from '../../domain/fault.ts';
import { FUNCTION, isOneOf, type OptionRule } from '../../domain/options/check-options.ts';
import type { MessageOffset } from '../source/source.ts';

/**
 * Policy for a subscriber that is slower than its topic:
 * - `pause`: stops reading the topic, for all its subscribers, until there is room; nothing is lost. The default.
 * - `error`: ends the reading with a Fault.
 * - `dropOldest`: drops the oldest waiting records; `onMissed` gets their number before the next record.
 * - `conflate`: keeps only the newest waiting record of each key.
 */
export type Overflow<T> =
  | { readonly kind: 'pause'; readonly max?: number }
  | { readonly kind: 'error'; readonly max: number }
  | { readonly kind: 'dropOldest'; readonly max: number; onMissed?(count: number): void }
  | {
      readonly kind: 'conflate';
      /** Default: venue and symbol. */
      key?(record: T): unknown;
    };

const OVERFLOWS: readonly Overflow<unknown>['kind'][] = ['pause', 'error', 'dropOldest', 'conflate'];

export const OVERFLOW_RULES: Readonly<Record<string, OptionRule>> = {
  kind: [isOneOf(OVERFLOWS), OVERFLOWS.join(', ')],
  max: [(value) => typeof value === 'number' && value >= 1, 'a number of records, 1 or more'],
  onMissed: FUNCTION,
  key: FUNCTION,
};

const DEFAULT_MAX = 1000;

/** A waiting record, and where it comes from. */
export interface Waiting<T> extends MessageOffset {
  readonly record: T;
}

/** Queues records until the subscriber takes them, in order. If it is too slow, `Overflow` decides. */
export class WaitingRecords<T> {
  readonly max: number;
  readonly #overflow: Overflow<T>;
  readonly #keyOf: ((record: T) => unknown) | undefined;
  /** The waiting records by key, in order. Without conflation, each record has a number as its key. */
  readonly #waiting = new Map<unknown, Waiting<T>>();
  #number = 0;
  /** Number of records dropped since the last one was taken. */
  #missed = 0;
  /** The record that is taken, but not done yet. */
  #inHand: Waiting<T> | undefined;
  #awaitingRoom: (() => void)[] = [];
  #awaitingSettled: (() => void)[] = [];

  constructor(overflow: Overflow<T>, defaultKey: (record: T) => unknown) {
    this.#overflow = overflow;
    this.#keyOf = overflow.kind === 'conflate' ? (overflow.key ?? defaultKey) : undefined;
    this.max = overflow.kind === 'conflate' ? Number.POSITIVE_INFINITY : (overflow.max ?? DEFAULT_MAX);
    if (!(this.max >= 1)) throw new RangeError(`max must be 1 or more, found ${this.max}`);
  }

  get size(): number {
    return this.#waiting.size;
  }

  get isFull(): boolean {
    return this.#waiting.size >= this.max;
  }

  /** True if no record may be offered while the queue is full. */
  get pauses(): boolean {
    return this.#overflow.kind === 'pause';
  }

  /** Returns a Fault if the reading must end: the queue is full with overflow `error`, or the user's key throws. */
  offer(arrival: Waiting<T>): Fault | undefined {
    const refusal = this.isFull && this.#overflow.kind === 'error' ? overflowFault(this.max) : undefined;
    if (this.isFull && this.#overflow.kind === 'dropOldest') {
      this.#takeFirst();
      this.#missed++;
    }
    try {
      this.#waiting.set(this.#keyOf === undefined ? this.#number++ : this.#keyOf(arrival.record), arrival);
      return refusal;
    } catch (error) {
      // The record waits nevertheless, so that it does not count as done.
      this.#waiting.set(this.#number++, arrival);
      return asFault(error);
    }
  }

  /** Takes the next record, which is in hand until `done`. `missed`: how many records were dropped before it. */
  take(): { readonly record: T; readonly missed: number } | undefined {
    const next = this.#takeFirst();
    if (next === undefined) return undefined;
    const missed = this.#missed;
    this.#missed = 0;
    this.#inHand = next;
    this.#freeRoom();
    return { record: next.record, missed };
  }

  /** Marks the record in hand as done. */
  done(): void {
    this.#inHand = undefined;
    this.#settle();
  }

  undone(): Iterable<Waiting<T>> {
    return this.#inHand === undefined ? this.#waiting.values() : [this.#inHand, ...this.#waiting.values()];
  }

  /** Removes the records of all other partitions. Records that were dropped before still count as missed. */
  keepOnly(partitions: ReadonlySet<number>): void {
    if (this.#inHand !== undefined && !partitions.has(this.#inHand.partition)) this.#inHand = undefined;
    for (const [key, { partition }] of this.#waiting) if (!partitions.has(partition)) this.#waiting.delete(key);
    this.#freeRoom();
    this.#settle();
  }

  clear(): void {
    this.#waiting.clear();
    this.#freeRoom();
    this.#settle();
  }

  /** Resolves when no record waits or is in hand. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#awaitingSettled.push(resolve);
      this.#settle();
    });
  }

  /** Resolves when there is room again. */
  room(): Promise<void> {
    return new Promise((resolve) => {
      if (!this.isFull) return resolve();
      this.#awaitingRoom.push(resolve);
    });
  }

  #takeFirst(): Waiting<T> | undefined {
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    this.#waiting.delete(first[0]);
    return first[1];
  }

  #settle(): void {
    if (this.#inHand !== undefined || this.#waiting.size > 0) return;
    for (const resolve of this.#awaitingSettled.splice(0)) resolve();
  }

  #freeRoom(): void {
    if (this.isFull) return;
    for (const resolve of this.#awaitingRoom.splice(0)) resolve();
  }
}

const overflowFault = (max: number): Fault =>
  new Fault('internal', `more than ${max} records wait to be taken`, { retry: { kind: 'never' } });
