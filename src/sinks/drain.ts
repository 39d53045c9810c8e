import type { SchedulerLike, Subscription } from 'rxjs';
import { asFault, Fault } from '../domain/fault.ts';
import type { Outcome, OutRecord, Sink } from './contract.ts';
import { OutQueue } from './out-queue.ts';

export type DrainState = 'opening' | 'up' | 'down';

export interface DrainOptions {
  /** Monotonic milliseconds and all timers. */
  readonly scheduler: SchedulerLike;
  /** Records in one batch at most; 1000 by default. 1: every record at once, alone. */
  readonly maxBatch?: number;
  /** Milliseconds that a batch waits for more than there is when the sink is idle; 0 by default. */
  readonly lingerMs?: number;
  /** Records that may wait; 200,000 by default. */
  readonly maxRecords?: number;
  /** Approximate heap bytes that may wait; 256 MiB by default. */
  readonly maxBytes?: number;
  /** Milliseconds without an answer to a batch after which the sink counts as down; 2000 by default. */
  readonly downAfterMs?: number;
  /** Milliseconds between tries after an outcome or a fault that says retry, doubling; 100 to 5000 by default. */
  readonly backoff?: { readonly initialMs: number; readonly maxMs: number };
  /** Called when the state changes; the reason is for people. Once more with the same state where only the reason is new. */
  readonly onState?: (state: DrainState, reason: string) => void;
  /** Called for each batch with what the sink acknowledged of it, in order. */
  readonly onDelivered?: (records: readonly OutRecord[]) => void;
  /** Called for each record that the sink will never take. */
  readonly onRejected?: (record: OutRecord, fault: Fault) => void;
  /** Called with the records that were dropped for want of room, in order: about a hundredth of the limit at once. */
  readonly onDropped?: (records: readonly OutRecord[]) => void;
}

export interface DrainStats {
  readonly state: DrainState;
  readonly reason: string;
  /** Records that wait or are under way. */
  readonly queued: number;
  /** Milliseconds since the oldest record that is not acknowledged was pushed; null: all are. */
  readonly oldestUnackedMs: number | null;
  readonly delivered: number;
  readonly rejected: number;
  /** Price ticks that a newer one replaced before they left. */
  readonly conflated: number;
  readonly batches: number;
  /** Records dropped for want of room, by topic. */
  readonly dropped: Readonly<Record<string, number>>;
}

export interface PushOptions {
  /** Nothing pushed after this record is written before it is acknowledged (or rejected). */
  readonly barrier?: boolean;
}

export interface Drain {
  readonly name: string;
  /** Resolves when the sink is open; rejects with the Fault when it can never be, or when the drain closes before. */
  readonly opened: Promise<void>;
  /** Takes the record. Never blocks: where there is no room, something less precious is dropped (docs/decisions/0003). */
  push(record: OutRecord, options?: PushOptions): void;
  pushMany(records: readonly OutRecord[]): void;
  /** Undefined while there is room; else resolves when half of it is free: for sources that can wait. */
  room(): Promise<void> | undefined;
  /** Resolves when all that was pushed is acknowledged, rejected or dropped. */
  idle(): Promise<void>;
  stats(): DrainStats;
  /** Takes no more, delivers what waits, for `deadlineMs` at most, closes the sink, and says what was left. */
  close(options: { readonly deadlineMs: number }): Promise<{ readonly undelivered: number }>;
}

const WATCH_EVERY_MS = 250;
const LAST_ANSWER_MS = 500;
const NONE: readonly OutRecord[] = [];

/**
 * Carries records to a sink: one batch at a time, the next made of all that came meanwhile; in order; in bounded memory.
 * What the sink could not take is tried again before anything newer.
 */
export function createDrain(sink: Sink, options: DrainOptions): Drain {
  return new SinkDrain(sink, options);
}

class SinkDrain implements Drain {
  readonly opened: Promise<void>;
  readonly #sink: Sink;
  readonly #options: DrainOptions;
  readonly #scheduler: SchedulerLike;
  readonly #maxBatch: number;
  readonly #lingerMs: number;
  readonly #downAfterMs: number;
  readonly #maxRecords: number;
  readonly #queue: OutQueue;
  readonly #timers = new Set<Subscription>();

  #state: DrainState = 'opening';
  #reason = 'opening';
  #running = false;
  #lingering = false;
  #accepting = true;
  /** Nothing is written any more: the deadline of close() has passed. */
  #stopped = false;
  #isOpen = false;
  #pumping: Promise<void> = Promise.resolve();
  #unacked: readonly OutRecord[] = NONE;
  #unackedSince = 0;
  /** Since when the sink owes an answer; undefined between batches. */
  #askedAt: number | undefined;
  #failures = 0;
  #watch: Subscription | undefined;
  #idle: Waiting | undefined;
  #room: Waiting | undefined;
  #stop = waiting();
  #closing: Promise<{ readonly undelivered: number }> | undefined;

  #delivered = 0;
  #rejected = 0;
  #conflated = 0;
  #batches = 0;
  #droppedByTopic = new Map<string, number>();

  constructor(sink: Sink, options: DrainOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#scheduler = options.scheduler;
    this.#maxBatch = options.maxBatch ?? 1000;
    this.#lingerMs = options.lingerMs ?? 0;
    this.#downAfterMs = options.downAfterMs ?? 2000;
    this.#maxRecords = options.maxRecords ?? 200_000;
    this.#queue = new OutQueue({ maxRecords: this.#maxRecords, maxBytes: options.maxBytes ?? 256 * 2 ** 20 });
    this.#watchOften();
    this.opened = this.#open();
    this.opened.catch(() => {});
  }

  get name(): string {
    return this.#sink.name;
  }

  push(record: OutRecord, options?: PushOptions): void {
    if (!this.#accepting) {
      this.#countDropped([record]);
      return;
    }
    if (this.#queue.replace(record)) {
      this.#conflated++;
      return;
    }
    while (this.#queue.isFull) this.#countDropped(this.#queue.evict());
    this.#queue.push(record, options?.barrier === true, this.#scheduler.now());
    if (!this.#running) this.#wake();
  }

  pushMany(records: readonly OutRecord[]): void {
    for (const record of records) this.push(record);
  }

  room(): Promise<void> | undefined {
    if (this.#room === undefined && !this.#queue.isFull) return undefined;
    this.#room ??= waiting();
    return this.#room.promise;
  }

  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    this.#idle ??= waiting();
    return this.#idle.promise;
  }

  stats(): DrainStats {
    const oldest = this.#unacked.length > 0 ? this.#unackedSince : this.#queue.oldestAt;
    return {
      state: this.#state,
      reason: this.#reason,
      queued: this.#queue.length + this.#unacked.length,
      oldestUnackedMs: oldest === undefined ? null : Math.max(0, this.#scheduler.now() - oldest),
      delivered: this.#delivered,
      rejected: this.#rejected,
      conflated: this.#conflated,
      batches: this.#batches,
      dropped: Object.fromEntries(this.#droppedByTopic),
    };
  }

  close({ deadlineMs }: { readonly deadlineMs: number }): Promise<{ readonly undelivered: number }> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  async #close(deadlineMs: number): Promise<{ readonly undelivered: number }> {
    this.#accepting = false;
    if (this.#isOpen) this.#start();
    await Promise.race([this.idle(), this.#delay(deadlineMs)]);
    this.#stopped = true;
    this.#stop.resolve();
    this.#room?.resolve();
    try {
      await this.#sink.close();
    } finally {
      // What a closed sink still says of the batch under way counts, but it is not waited for long.
      await Promise.race([this.#pumping, this.#delay(LAST_ANSWER_MS)]);
      this.#watch?.unsubscribe();
      for (const timer of this.#timers) timer.unsubscribe();
      this.#timers.clear();
    }
    return { undelivered: this.#queue.length + this.#unacked.length };
  }

  async #open(): Promise<void> {
    for (let failures = 0; !this.#stopped; failures++) {
      try {
        await this.#sink.open();
        this.#isOpen = true;
        this.#become('up', 'open');
        this.#wake();
        return;
      } catch (error) {
        const fault = asFault(error);
        this.#become('down', fault.message);
        if (fault.retry.kind === 'never') throw fault;
        await this.#pause(this.#backoff(failures, fault.retry.kind === 'after' ? fault.retry.afterMs : 0));
      }
    }
    throw new Fault('sink', `sink ${this.name}: closed before it was open`, { retry: { kind: 'never' } });
  }

  /** Starts a batch with everything that is pushed in the same turn of the event loop. */
  #wake(): void {
    if (!this.#isOpen || this.#running || this.#queue.length === 0 || this.#stopped) return;
    if (this.#lingerMs > 0 && this.#queue.length < this.#maxBatch && this.#accepting) {
      if (this.#lingering) return;
      this.#lingering = true;
      this.#after(this.#lingerMs, () => {
        this.#lingering = false;
        this.#start();
      });
      return;
    }
    this.#start();
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#pumping = Promise.resolve().then(() => this.#run());
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      if (this.#unacked.length === 0) {
        const oldest = this.#queue.oldestAt;
        if (oldest === undefined) break;
        this.#unackedSince = oldest;
        this.#unacked = this.#queue.take(this.#maxBatch);
        if (this.#room !== undefined) this.#tellRoom();
      }
      const pauseMs = await this.#write(this.#unacked);
      if (pauseMs > 0) await this.#pause(pauseMs);
    }
    this.#running = false;
    if (this.#isIdle()) {
      this.#idle?.resolve();
      this.#idle = undefined;
    } else if (!this.#stopped) {
      this.#wake();
    }
  }

  /** Writes the batch; what of it has to be tried again stays in #unacked. Returns how many milliseconds to wait before that. */
  async #write(batch: readonly OutRecord[]): Promise<number> {
    this.#batches++;
    this.#askedAt = this.#scheduler.now();
    let outcomes: readonly Outcome[];
    try {
      outcomes = await this.#sink.write(batch);
    } catch (error) {
      const fault = asFault(error);
      outcomes = batch.map(() => ({ kind: 'retry', fault }));
    }
    this.#askedAt = undefined;
    return this.#settle(batch, outcomes);
  }

  #settle(batch: readonly OutRecord[], outcomes: readonly Outcome[]): number {
    let delivered: readonly OutRecord[] = batch;
    let again = NONE;
    let fault: Fault | undefined;
    let afterMs = 0;
    if (!outcomes.every(isDelivered) || outcomes.length !== batch.length) {
      const taken: OutRecord[] = [];
      const left: OutRecord[] = [];
      for (const [index, record] of batch.entries()) {
        const outcome = outcomes[index] ?? {
          kind: 'retry',
          fault: new Fault('internal', `sink ${this.name}: no outcome for a record`),
        };
        if (outcome.kind === 'delivered') {
          taken.push(record);
        } else if (outcome.kind === 'rejected') {
          this.#rejected++;
          this.#options.onRejected?.(record, outcome.fault);
        } else {
          left.push(record);
          fault ??= outcome.fault;
          afterMs = Math.max(afterMs, outcome.afterMs ?? 0);
        }
      }
      delivered = taken;
      again = left;
    }
    this.#unacked = again;
    if (delivered.length > 0) {
      this.#failures = 0;
      this.#delivered += delivered.length;
      this.#options.onDelivered?.(delivered);
    }
    if (fault !== undefined) {
      this.#become('down', fault.message);
      return this.#backoff(this.#failures++, afterMs);
    }
    if (this.#state !== 'up') this.#become('up', 'delivers again');
    return 0;
  }

  #backoff(failures: number, afterMs: number): number {
    const { initialMs, maxMs } = this.#options.backoff ?? { initialMs: 100, maxMs: 5000 };
    return Math.max(afterMs, Math.min(maxMs, initialMs * 2 ** Math.min(failures, 30)));
  }

  #become(state: DrainState, reason: string): void {
    if (this.#state === state && (this.#reason === reason || state === 'up')) return;
    this.#state = state;
    this.#reason = reason;
    this.#options.onState?.(state, reason);
  }

  /** A write that hangs never answers: its age tells. */
  #watchOften(): void {
    this.#watch = this.#scheduler.schedule(() => {
      if (this.#askedAt !== undefined && this.#scheduler.now() - this.#askedAt >= this.#downAfterMs) {
        const health = this.#sink.health();
        this.#become(
          'down',
          health.state === 'down' ? health.reason : `no answer to a batch within ${this.#downAfterMs} ms`,
        );
      }
      this.#watchOften();
    }, WATCH_EVERY_MS);
  }

  #countDropped(records: readonly OutRecord[]): void {
    for (const { topic } of records) this.#droppedByTopic.set(topic, (this.#droppedByTopic.get(topic) ?? 0) + 1);
    this.#options.onDropped?.(records);
  }

  #tellRoom(): void {
    if (this.#queue.length > this.#maxRecords / 2 || this.#queue.isFull) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  #isIdle(): boolean {
    return this.#queue.length === 0 && this.#unacked.length === 0;
  }

  /** Waits, but no longer than until the drain stops. */
  #pause(ms: number): Promise<void> {
    return Promise.race([this.#delay(ms), this.#stop.promise]);
  }

  #delay(ms: number): Promise<void> {
    return new Promise((resolve) => this.#after(ms, resolve));
  }

  #after(ms: number, work: () => void): void {
    const timer = this.#scheduler.schedule(() => {
      this.#timers.delete(timer);
      work();
    }, ms);
    this.#timers.add(timer);
  }
}

function isDelivered(outcome: Outcome): boolean {
  return outcome.kind === 'delivered';
}

interface Waiting {
  readonly promise: Promise<void>;
  resolve(): void;
}

function waiting(): Waiting {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
