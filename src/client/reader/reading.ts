import { asFault, type Fault } from '../../domain/fault.ts';
import type { FeedRecord } from '../../domain/record.ts';
import type { MessageOffset } from '../source/source.ts';
import type { RecordListener } from './topic-reader.ts';
import { type Overflow, WaitingRecords } from './waiting-records.ts';

/** A topic's records for `for await`. A record is done when the loop requests the next one, or ends. */
export interface Reading<T> extends AsyncIterableIterator<T, undefined, undefined>, AsyncDisposable {
  /** How many records the overflow `dropOldest` has dropped so far. */
  readonly missed: number;
  /** How many records wait to be taken. */
  readonly waiting: number;
  /**
   * Ends the iteration and drops the waiting records. In a group they are read again, unless this client still reads
   * the topic.
   */
  close(): void;
}

type Taker<T> = (result: IteratorResult<T, undefined> | Promise<never>) => void;

/** A reading that listens to its topic, and queues the records until the loop takes them. */
export class BufferedReading<T extends FeedRecord> implements Reading<T>, RecordListener {
  readonly buffered: WaitingRecords<T>;
  readonly #wants: (record: FeedRecord) => record is T;
  readonly #onMissed: ((count: number) => void) | undefined;
  readonly #takers: Taker<T>[] = [];
  #failure: Fault | undefined;
  #isOver = false;
  #leave: () => void = () => {};
  missed = 0;

  constructor(wants: (record: FeedRecord) => record is T, overflow: Overflow<T>) {
    this.#wants = wants;
    this.buffered = new WaitingRecords(overflow, seriesOf);
    this.#onMissed = overflow.kind === 'dropOldest' ? (count) => overflow.onMissed?.(count) : undefined;
  }

  /** Sets the function that stops listening to the topic. */
  enter(leave: () => void): this {
    this.#leave = leave;
    return this;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    this.buffered.done();
    return new Promise((resolve) => {
      this.#takers.push(resolve);
      this.#serve();
    });
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.buffered.done();
    this.close();
    return { done: true, value: undefined };
  }

  close(): void {
    if (this.#isOver) return;
    this.#leave();
    this.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  get waiting(): number {
    return this.buffered.size;
  }

  give(record: FeedRecord, from: MessageOffset): void {
    if (this.#isOver || !this.#wants(record)) return;
    const refusal = this.buffered.offer({ ...from, record });
    if (refusal === undefined) this.#serve();
    else this.#quit(refusal);
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
    this.buffered.clear();
    this.#serve();
  }

  #serve(): void {
    while (this.#takers.length > 0) {
      const next = this.buffered.take();
      if (next === undefined && !this.#isOver) return;
      const taker = this.#takers.shift();
      if (next === undefined) taker?.(this.#endResult());
      else this.#hand(next, taker);
    }
  }

  #hand({ record, missed }: { readonly record: T; readonly missed: number }, taker: Taker<T> | undefined): void {
    this.missed += missed;
    try {
      if (missed > 0) this.#onMissed?.(missed);
    } catch (error) {
      this.#quit(asFault(error));
      taker?.(this.#endResult());
      return;
    }
    taker?.({ done: false, value: record });
  }

  /** The result of `next` after the end. Only the first one rejects with the failure; later ones are done. */
  #endResult(): IteratorResult<T, undefined> | Promise<never> {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure === undefined ? { done: true, value: undefined } : Promise.reject(failure);
  }
}

function seriesOf(record: FeedRecord): unknown {
  return `${record.venue}:${'symbol' in record ? record.symbol : ''}`;
}
