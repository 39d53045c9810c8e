import { setImmediate as nextTurn } from 'node:timers/promises';
import { firstValueFrom, race, Subject } from 'rxjs';
import { identityOf } from '../../codec/identity.ts';
import { asFault, Fault } from '../../domain/fault.ts';
import { getOrCreate } from '../../domain/get-or-create.ts';
import type { FeedRecord } from '../../domain/record.ts';
import { aborted$ } from '../../net/aborted.ts';
import { deduplicate } from '../../operators/deduplicate.ts';
import type { Moment } from '../../tradability/moment.ts';
import type { ClientDeps } from '../client-options.ts';
import type { ClientWarning, EncodedMessage, MessageOffset, TopicHandler, TopicSource } from '../source/source.ts';
import { LagMeter, type TopicLag } from './topic-lag.ts';
import type { WaitingRecords } from './waiting-records.ts';

/** Receives the records of a topic, one by one. */
export interface RecordListener {
  give(record: FeedRecord, from: MessageOffset): void;
  /** The last call, if reading fails. */
  fail(fault: Fault): void;
  /** The last call, if reading ends. */
  end(): void;
  /** Present if the listener buffers records before it uses them. */
  readonly buffered?: Buffered;
}

/** Records that a listener buffers. */
type Buffered = Pick<WaitingRecords<unknown>, 'max' | 'isFull' | 'pauses' | 'room' | 'undone' | 'settled' | 'keepOnly'>;

interface ReadRecord {
  readonly record: FeedRecord;
  readonly from: MessageOffset;
}

export interface TopicReaderOptions extends ClientDeps {
  /** The topic's name at the source: in Kafka the full name, in files the folder. */
  readonly topic: string;
  readonly source: TopicSource;
  /** How many records of each partition are remembered, to drop repeated ones. */
  readonly identityWindow: number;
  /** True: each record gets the fields of a `RecordPosition`. */
  readonly withPosition?: boolean;
  readonly warn: (warning: ClientWarning) => void;
}

/** After this many records, other code gets a turn of the event loop. */
const RECORDS_PER_TURN = 256;

/** Reads a topic once for all listeners, while there are any: each record once, in the order of its partition. */
export class TopicReader implements TopicHandler {
  readonly topic: string;
  readonly #options: TopicReaderOptions;
  readonly #listeners = new Set<RecordListener>();
  readonly #positions = new Map<number, number>();
  /** The records of each partition, which go to the listeners without repeats. */
  readonly #records = new Map<number, Subject<ReadRecord>>();
  #lag: LagMeter;
  /** Messages that are read, but not given to listeners yet. */
  #open: readonly EncodedMessage[] = [];
  /** Messages that could not be decoded, and the messages after them; the source reads them again. */
  #failed: readonly EncodedMessage[] = [];
  #sinceTurn = 0;
  #stop: AbortController | undefined;
  #ended: Promise<void> = Promise.resolve();
  #ready = Promise.withResolvers<void>();
  /** Resolves the promise that `ready` returned for the current run; `#ready` may already be the next run's. */
  #settle: () => void = () => {};

  constructor(options: TopicReaderOptions) {
    this.topic = options.topic;
    this.#options = options;
    this.#lag = new LagMeter(this.#now());
    this.#ready.resolve();
  }

  /** Gives the records from now on to the listener. Returns the function that stops it. */
  listen(listener: RecordListener): () => void {
    this.#listeners.add(listener);
    this.#start();
    return () => this.#leave(listener);
  }

  /** Resolves when the start offsets are known, or at once if there are no listeners. */
  ready(): Promise<void> {
    return this.#ready.promise;
  }

  lag(): TopicLag {
    const buffers = [...this.#listeners].flatMap(({ buffered }) => (buffered === undefined ? [] : [buffered.undone()]));
    const failed = this.#failed.filter((message) => this.#isAhead(message));
    return this.#lag.lag(this.#now(), [this.#open, failed, ...buffers]);
  }

  get isRead(): boolean {
    return this.#stop !== undefined;
  }

  /** Ends reading for all listeners. Resolves when the source has stopped. */
  async close(): Promise<void> {
    for (const { buffered } of this.#listeners) if (buffered !== undefined) lower(this.#positions, buffered);
    for (const listener of [...this.#listeners]) {
      this.#leave(listener);
      listener.end();
    }
    await this.#ended;
  }

  started(offsets: ReadonlyMap<number, number>): void {
    for (const [partition, offset] of offsets)
      if (!this.#positions.has(partition)) this.#positions.set(partition, offset);
    this.#lag.started(offsets.keys(), this.#now());
    this.#settle();
  }

  async take(messages: readonly EncodedMessage[], signal: AbortSignal): Promise<void> {
    let taken = 0;
    try {
      for (const message of messages) {
        if (taken % RECORDS_PER_TURN === 0) this.#open = messages.slice(taken);
        const decoded = message.decode();
        const record = decoded instanceof Promise ? await decoded : decoded;
        if (this.#isTurnDue()) await nextTurn();
        for (const full of this.#full()) await firstValueFrom(race(full.room(), aborted$(signal)));
        if (signal.aborted) return;
        this.#hand(message, record);
        taken++;
      }
      this.#failed = this.#failed.filter((message) => this.#isAhead(message));
    } catch (error) {
      this.#failed = messages.slice(taken);
      throw error;
    } finally {
      this.#open = [];
    }
  }

  async settled(): Promise<void> {
    for (const { buffered } of this.#listeners) await buffered?.settled();
  }

  updateLag(partition: number, unread: number): void {
    this.#lag.answered(partition, unread, this.#now());
  }

  lost(partition: number, from: number, next: number): void {
    this.#positions.set(partition, next);
    this.#options.warn({ kind: 'lost', topic: this.topic, partition, from, next });
  }

  readFailed(fault: Fault): void {
    this.#options.warn({ kind: 'unreachable', topic: this.topic, fault });
  }

  positions(): ReadonlyMap<number, number> {
    return this.#positions;
  }

  committable(): ReadonlyMap<number, number> {
    const done = new Map(this.#positions);
    for (const { buffered } of this.#listeners) if (buffered !== undefined) lower(done, buffered);
    return done;
  }

  keepOnly(partitions: ReadonlySet<number>): void {
    for (const { buffered } of this.#listeners) buffered?.keepOnly(partitions);
    for (const partition of [...this.#positions.keys()].filter((each) => !partitions.has(each))) {
      this.#positions.delete(partition);
      this.#records.delete(partition);
    }
    this.#lag.keepOnly(partitions, this.#now());
  }

  #start(): void {
    if (this.#stop !== undefined) return;
    const stop = new AbortController();
    this.#stop = stop;
    const ready = Promise.withResolvers<void>();
    this.#ready = ready;
    this.#ended = this.#ended.then(() => this.#run(stop, ready.resolve));
  }

  async #run(stop: AbortController, settle: () => void): Promise<void> {
    this.#settle = settle;
    this.#positions.clear();
    this.#records.clear();
    this.#failed = [];
    this.#lag = new LagMeter(this.#now());
    const { source, topic } = this.#options;
    try {
      if (!stop.signal.aborted) await source.follow(topic, this, stop.signal);
      if (stop === this.#stop) this.#finish();
    } catch (error) {
      if (stop === this.#stop) this.#fail(asFault(error));
    } finally {
      if (stop === this.#stop) this.#stop = undefined;
      settle();
    }
  }

  #finish(): void {
    for (const listener of [...this.#listeners]) {
      this.#listeners.delete(listener);
      listener.end();
    }
  }

  #fail(fault: Fault): void {
    for (const listener of [...this.#listeners]) {
      this.#listeners.delete(listener);
      listener.fail(fault);
    }
  }

  #leave(listener: RecordListener): void {
    if (!this.#listeners.delete(listener) || this.#listeners.size > 0) return;
    // The records that the last listener still buffers are not done, so a group must not commit them.
    if (listener.buffered !== undefined) lower(this.#positions, listener.buffered);
    this.#stop?.abort();
    this.#stop = undefined;
    this.#ready.resolve();
  }

  #hand({ partition, offset, appendedAt }: EncodedMessage, record: FeedRecord | Fault | undefined): void {
    this.#sinceTurn++;
    if (!this.#positions.has(partition)) return;
    this.#positions.set(partition, offset + 1);
    this.#lag.reached(partition, appendedAt);
    if (record === undefined) return;
    if (record instanceof Fault) {
      this.#options.warn({ kind: 'malformed', topic: this.topic, partition, offset, fault: record });
      return;
    }
    const given = this.#options.withPosition === true ? { ...record, topic: this.topic, partition, offset } : record;
    this.#recordsOf(partition).next({ record: given, from: { partition, offset, appendedAt } });
  }

  #isAhead({ partition, offset }: EncodedMessage): boolean {
    return offset >= (this.#positions.get(partition) ?? Number.POSITIVE_INFINITY);
  }

  #recordsOf(partition: number): Subject<ReadRecord> {
    return getOrCreate(this.#records, partition, () => {
      const records$ = new Subject<ReadRecord>();
      const size = this.#options.identityWindow;
      records$.pipe(deduplicate({ key: ({ record }) => identityOf(record), size })).subscribe(({ record, from }) => {
        for (const listener of this.#listeners) listener.give(record, from);
      });
      return records$;
    });
  }

  /** A fast listener empties its full buffer within one turn of the event loop, so it gets that turn before a pause. */
  #isTurnDue(): boolean {
    if (this.#sinceTurn === 0) return false;
    const isDue =
      this.#sinceTurn >= RECORDS_PER_TURN ||
      [...this.#listeners].some(({ buffered }) => buffered?.isFull === true && this.#sinceTurn >= buffered.max);
    if (isDue) this.#sinceTurn = 0;
    return isDue;
  }

  #full(): readonly Buffered[] {
    const full: Buffered[] = [];
    for (const { buffered } of this.#listeners) if (buffered?.pauses === true && buffered.isFull) full.push(buffered);
    return full;
  }

  #now(): Moment {
    return { wall: this.#options.wallClockMs(), monotonic: this.#options.scheduler.now() };
  }
}

/** Sets each partition's done offset back to its oldest record that is still in the buffer. */
function lower(done: Map<number, number>, buffered: Buffered): void {
  for (const { partition, offset } of buffered.undone())
    if (offset < (done.get(partition) ?? Number.NEGATIVE_INFINITY)) done.set(partition, offset);
}
