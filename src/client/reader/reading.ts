import { asFault, Fault } from '../../domain/fault.ts';
import type { FeedRecord } from '../../domain/record.ts';
import type { Overflow } from './overflow.ts';
import type { Buffered, RecordListener } from './topic-reader.ts';
import { type Waiting, WaitingRecords } from './waiting-records.ts';

/**
 * Records of a topic for one who takes them at their own pace: `for await (const trade of reading)`. A record is done
 * when the next one is asked for, or the loop is left.
 */
export interface Reading<T> extends AsyncIterableIterator<T, undefined, undefined> {
  /** How many records were dropped since the beginning. */
  readonly missed: number;
  /** How many records wait. */
  readonly waiting: number;
  /** Leaves the topic; the iteration ends. What waits is dropped; of a group it comes again where nobody else of this client reads the topic. */
  close(): void;
}

type Taker<T> = (result: IteratorResult<T, undefined> | Promise<never>) => void;

/** A reading, and the listener that fills it. */
export class BufferedReading<T extends FeedRecord> implements Reading<T>, RecordListener, Buffered {
  readonly #records: WaitingRecords<T>;
  readonly #wants: (record: FeedRecord) => record is T;
  readonly #onMissed: ((count: number) => void) | undefined;
  readonly #takers: Taker<T>[] = [];
  #roomers: (() => void)[] = [];
  /** Given, but the next one was not asked for yet. */
  #inHand: Waiting<T> | undefined;
  /** What there was no room for: not done. */
  #refused: Waiting<T> | undefined;
  #failure: Fault | undefined;
  #isOver = false;
  #leave: () => void = () => {};
  missed = 0;

  constructor(wants: (record: FeedRecord) => record is T, overflow: Overflow<T>) {
    this.#wants = wants;
    this.#records = new WaitingRecords(overflow, seriesOf);
    this.#onMissed = overflow.kind === 'dropOldest' ? (count) => overflow.onMissed?.(count) : undefined;
  }

  /** How it leaves the topic that it was entered at. */
  enter(leave: () => void): this {
    this.#leave = leave;
    return this;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    this.#inHand = undefined;
    return new Promise((resolve) => {
      this.#takers.push(resolve);
      this.#serve();
    });
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#inHand = undefined;
    this.close();
    return { done: true, value: undefined };
  }

  close(): void {
    if (this.#isOver) return;
    this.#leave();
    this.end();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  get waiting(): number {
    return this.#records.size;
  }

  give(record: FeedRecord, { partition, offset, appendedAt }: Omit<Waiting<T>, 'record' | 'missed'>): void {
    if (this.#isOver || !this.#wants(record)) return;
    const arrival = { record, partition, offset, appendedAt };
    const refusal = this.#offer(arrival);
    if (refusal === undefined) {
      this.#serve();
      return;
    }
    this.#refused = { ...arrival, missed: 0 };
    this.#quit(refusal);
  }

  /** Why it was not taken; undefined: it was. */
  #offer(arrival: Omit<Waiting<T>, 'missed'>): Fault | undefined {
    try {
      return this.#records.offer(arrival) ? undefined : overflowFault(this.#records.max);
    } catch (error) {
      // Of the key, which is the user's.
      return asFault(error);
    }
  }

  #quit(fault: Fault): void {
    this.#leave();
    this.fail(fault);
  }

  fail(fault: Fault): void {
    this.#failure = fault;
    this.end();
  }

  end(): void {
    this.#isOver = true;
    this.#records.clear();
    this.#freeRoom();
    this.#serve();
  }

  get buffered(): Buffered {
    return this;
  }

  get max(): number {
    return this.#records.max;
  }

  get isFull(): boolean {
    return this.#records.isFull;
  }

  get pauses(): boolean {
    return this.#records.pauses;
  }

  /** Resolves when there is room again. */
  room(): Promise<void> {
    return new Promise((resolve) => {
      if (!this.isFull) return resolve();
      this.#roomers.push(resolve);
    });
  }

  undone(): Iterable<Waiting<T>> {
    const others = [this.#inHand, this.#refused].filter((each) => each !== undefined);
    return others.length === 0 ? this.#records.values() : [...others, ...this.#records.values()];
  }

  keepOnly(partitions: ReadonlySet<number>): void {
    if (this.#inHand !== undefined && !partitions.has(this.#inHand.partition)) this.#inHand = undefined;
    this.#records.keepOnly(partitions);
    this.#freeRoom();
  }

  #serve(): void {
    while (this.#takers.length > 0) {
      const next = this.#records.take();
      if (next === undefined && !this.#isOver) return;
      const taker = this.#takers.shift();
      if (next === undefined) taker?.(this.#ending());
      else this.#hand(next, taker);
    }
  }

  #hand(next: Waiting<T>, taker: Taker<T> | undefined): void {
    this.#inHand = next;
    this.missed += next.missed;
    try {
      if (next.missed > 0) this.#onMissed?.(next.missed);
    } catch (error) {
      this.#quit(asFault(error));
      taker?.(this.#ending());
      return;
    }
    taker?.({ done: false, value: next.record });
    this.#freeRoom();
  }

  /** A failure is told once. */
  #ending(): IteratorResult<T, undefined> | Promise<never> {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure === undefined ? { done: true, value: undefined } : Promise.reject(failure);
  }

  #freeRoom(): void {
    if (this.isFull) return;
    for (const resolve of this.#roomers.splice(0)) resolve();
  }
}

function seriesOf(record: FeedRecord): unknown {
  return `${record.venue}:${'symbol' in record ? record.symbol : ''}`;
}

const overflowFault = (max: number): Fault =>
  new Fault('internal', `more than ${max} records wait to be taken`, { retry: { kind: 'never' } });
