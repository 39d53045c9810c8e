import type { Subscription } from 'rxjs';
import { asFault, Fault } from '../../domain/fault.ts';
import type { CheckpointOptions, OutRecord, Recent, RecentOptions, SeriesCheckpoint, Sink } from '../contract.ts';
import { type Batch, Batcher } from '../queue/batcher.ts';
import { LossLedger } from '../queue/loss-ledger.ts';
import { OutQueue } from '../queue/out-queue.ts';
import { Spill, type SpillOptions } from '../spill/spill.ts';
import { recentBehind } from '../spill/spilled-recent.ts';
import { Timers } from '../timers.ts';
import { Delivery } from './delivery.ts';
import type { CloseResult, DriverOptions, DriverStats, PushOptions } from './driver-options.ts';
import { QueueOverflow } from './queue-overflow.ts';
import { SinkHealth } from './sink-health.ts';

type DriverState =
  /** The sink is not open yet, or, with a spill, `resume` has not returned. */
  | { readonly kind: 'opening' }
  /** Nothing is in flight; `timer` begins the next batch. */
  | { readonly kind: 'idle'; readonly timer: Subscription | undefined }
  | { readonly kind: 'sending'; readonly run: Promise<void> }
  /** As sending, with the records of the spill first. */
  | { readonly kind: 'draining_spill'; readonly run: Promise<void> }
  /** No record is taken any more; the waiting ones are delivered until the deadline. */
  | { readonly kind: 'closing'; readonly isOpen: boolean; readonly isLate: boolean; readonly run?: Promise<void> }
  /** The sink will never take anything again. */
  | { readonly kind: 'failed'; readonly run: Promise<void> };

const WATCH_EVERY_MS = 250;
const SPILL_AFTER_MS = 1000;
const READ_AGAIN_MS = 1000;
const LAST_ANSWER_MS = 500;

/**
 * Carries records to a sink: one batch at a time, the next made of all records that came meanwhile; in order; in bounded
 * memory. Records that the sink did not take are retried before anything newer. When it is away for long they wait on disk.
 */
export class SinkDriver {
  /** Resolves when the sink is open; rejects with the Fault when it can never be, or when the driver closes before. */
  readonly opened: Promise<void>;
  readonly #sink: Sink;
  readonly #options: DriverOptions;
  readonly #timers: Timers;
  readonly #queue: OutQueue;
  readonly #ledger: LossLedger;
  readonly #delivery: Delivery;
  readonly #spill: Spill | undefined;
  readonly #batcher: Batcher;
  readonly #health: SinkHealth;
  readonly #overflow: QueueOverflow;
  readonly #conflates: boolean;
  #state: DriverState = { kind: 'opening' };
  #seq = 0;
  #conflated = 0;
  #idle: PromiseWithResolvers<void> | undefined;
  #reading: Promise<void> = Promise.resolve();
  #closed: Promise<CloseResult> | undefined;

  constructor(sink: Sink, options: DriverOptions) {
    const { scheduler, maxRecords = 200_000, maxBytes = 256 * 2 ** 20, conflates = true } = options;
    this.#sink = sink;
    this.#options = options;
    this.#conflates = conflates;
    this.#timers = new Timers(scheduler);
    this.#queue = new OutQueue({ maxRecords, maxBytes });
    this.#ledger = new LossLedger(options.outGap);
    this.#delivery = new Delivery(sink, this.#ledger, options);
    this.#spill = options.spill === undefined ? undefined : this.#newSpill(options.spill);
    const parts = { queue: this.#queue, ledger: this.#ledger, spill: this.#spill };
    this.#batcher = new Batcher(parts, options);
    this.#health = new SinkHealth(sink, options);
    this.#overflow = new QueueOverflow(parts, maxRecords, options.onDropped);
    this.#watch();
    this.opened = this.#open();
    this.opened.catch(() => {});
  }

  get name(): string {
    return this.#sink.name;
  }

  /** Takes the record. Never blocks: when there is no room, a record of the lowest drop priority is dropped. */
  push(record: OutRecord, options?: PushOptions): void {
    if (!this.#isAccepting) {
      this.#overflow.drop(new Map([[record.topic, 1]]));
      return;
    }
    if (this.#conflates && this.#queue.replace(record)) {
      this.#conflated++;
      return;
    }
    if (this.#queue.isHalfFull) this.#beginSpill();
    if (this.#queue.isFull) this.#overflow.makeRoom(`${this.#delivery.batches} ${this.#spill?.stretch}`);
    this.#queue.push(record, options?.barrier === true, ++this.#seq, this.#timers.now());
    this.#wake();
  }

  pushMany(records: readonly OutRecord[]): void {
    for (const record of records) this.push(record);
  }

  /** Undefined while there is room; else resolves when half of it is free: for sources that can wait. */
  room(): Promise<void> | undefined {
    return this.#overflow.room();
  }

  /** Resolves when all records pushed so far are acknowledged, rejected or dropped. */
  idle(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    this.#idle ??= Promise.withResolvers();
    return this.#idle.promise;
  }

  stats(): DriverStats {
    const { batch, length, delivered, rejected, batches } = this.#delivery;
    const since = batch?.since ?? this.#spill?.backlog.oldestAt ?? this.#queue.oldestAt ?? Number.POSITIVE_INFINITY;
    const oldest = Math.min(since, this.#spill?.since ?? since);
    return {
      state: this.#health.state,
      reason: this.#health.reason,
      queued: this.#waiting + length,
      oldestUnackedMs: Number.isFinite(oldest) ? Math.max(0, this.#timers.now() - oldest) : null,
      delivered,
      rejected,
      conflated: this.#conflated,
      batches,
      dropped: this.#overflow.dropped,
      spill: this.#spill?.stats() ?? null,
    };
  }

  /**
   * Once, after `opened` and before the first push: reads where every series ends, in the sink and in what a previous
   * process spilled, and begins to deliver that. @throws Fault
   */
  async resume(options: CheckpointOptions): Promise<readonly SeriesCheckpoint[]> {
    const read = async (of: CheckpointOptions): Promise<readonly SeriesCheckpoint[]> => {
      const checkpoints = await this.#untilDone(() => this.#sink.checkpoints(of));
      this.#health.up('open');
      return checkpoints;
    };
    if (this.#spill === undefined) {
      const checkpoints = await read(options);
      this.#ledger.seed(checkpoints);
      return checkpoints;
    }
    const checkpoints = await this.#spill.recover(options, read);
    this.#seq = Math.max(this.#seq, Math.ceil(this.#spill.lastSeq));
    this.#ready();
    return checkpoints;
  }

  /**
   * Once, after `resume`: the records published lately, and those that will have been when the spill of a previous
   * process is delivered; `checkpoints` are those of `resume`. Records pushed meanwhile do not count; with files, or while
   * records wait in the spill, none may be pushed. @throws Fault
   */
  async recent(options: RecentOptions): Promise<Recent> {
    // The spill goes first: records that leave it meanwhile are found in the sink.
    const spilled = await this.#spill?.recent(options);
    const stored = await this.#sink.recent(options);
    return spilled === undefined ? stored : recentBehind(stored, spilled, options);
  }

  /**
   * Takes no more records, delivers the waiting ones, for `deadlineMs` at most, puts the rest into the spill, closes the
   * sink, and returns what was left.
   */
  close({ deadlineMs }: { readonly deadlineMs: number }): Promise<CloseResult> {
    this.#closed ??= this.#close(deadlineMs);
    return this.#closed;
  }

  async #close(deadlineMs: number): Promise<CloseResult> {
    if (this.#state.kind !== 'failed') {
      if (this.#state.kind === 'idle') this.#state.timer?.unsubscribe();
      const run = this.#run;
      const isOpen = this.#state.kind !== 'opening';
      this.#state = { kind: 'closing', isOpen, isLate: false, ...(run === undefined ? {} : { run }) };
      this.#wake();
      await Promise.race([this.idle(), this.#timers.delay(deadlineMs)]);
      if (this.#state.kind === 'closing') this.#state = { ...this.#state, isLate: true };
    }
    this.#timers.stopPauses();
    this.#overflow.release();
    await this.#reading;
    try {
      // The rest goes to the disk first: if the closing sink still takes some of it, the next start finds that out.
      const isOpen = this.#state.kind === 'closing' && this.#state.isOpen;
      await Promise.all([isOpen ? this.#spill?.saveAll() : undefined, this.#sink.close()]);
    } finally {
      // A last answer about the batch in flight counts, but it is not waited for long.
      await Promise.race([this.#run, this.#timers.delay(LAST_ANSWER_MS)]);
      this.#timers.clear();
      await this.#spill?.close();
    }
    const left = this.#waiting + this.#delivery.length;
    const spilled = this.#spill?.saved ?? 0;
    return { undelivered: left - spilled, spilled };
  }

  async #open(): Promise<void> {
    await this.#untilDone(() => this.#sink.open());
    this.#health.up('open');
    if (this.#spill === undefined) this.#ready();
  }

  /** Retries until the driver closes. @throws Fault */
  async #untilDone<T>(work: () => Promise<T>): Promise<T> {
    for (let failures = 0; !this.#isStopped; failures++) {
      try {
        return await work();
      } catch (error) {
        const fault = asFault(error);
        this.#down(fault.message);
        if (fault.retry.kind === 'never') throw fault;
        const afterMs = fault.retry.kind === 'after' ? fault.retry.afterMs : 0;
        await this.#timers.pause(this.#delivery.backoffMs(failures, afterMs));
      }
    }
    throw new Fault('sink', `sink ${this.name}: closed before it was open`, { retry: { kind: 'never' } });
  }

  /** Records may be delivered from now on. */
  #ready(): void {
    if (this.#state.kind === 'opening') this.#state = { kind: 'idle', timer: undefined };
    else if (this.#state.kind === 'closing') this.#state = { ...this.#state, isOpen: true };
    this.#wake();
  }

  /** Begins a batch with all records that are pushed in the same turn of the event loop, now or when it is due. */
  #wake(): void {
    const state = this.#state;
    if (state.kind === 'idle') {
      if ((state.timer !== undefined && !this.#batcher.hasEnough) || this.#waiting === 0) return;
      const waitMs = this.#batcher.waitMs(this.#waiting, this.#timers.now());
      if (waitMs === 0) this.#start(state.timer);
      else if (state.timer === undefined) {
        const timer: Subscription = this.#timers.after(waitMs, () => this.#start(timer));
        this.#state = { kind: 'idle', timer };
      }
    } else if (state.kind === 'closing' && state.isOpen && !state.isLate) {
      if (state.run === undefined && this.#waiting > 0) this.#state = { ...state, run: this.#sendAll() };
    }
  }

  #start(timer: Subscription | undefined): void {
    timer?.unsubscribe();
    this.#state = { kind: 'sending', run: this.#sendAll() };
  }

  async #sendAll(): Promise<void> {
    await Promise.resolve();
    while (!this.#isStopped) {
      const batch = this.#delivery.batch ?? (await this.#nextBatch());
      if (batch === undefined) break;
      const now = this.#timers.now();
      this.#batcher.begun(now);
      const { fault, pauseMs } = await this.#delivery.send(batch, now);
      if (this.#delivery.batch === undefined) this.#spill?.settled();
      if (fault === undefined) this.#health.up('delivers again');
      else this.#failed(fault);
      if (pauseMs > 0) await this.#timers.pause(pauseMs);
    }
    if (this.#state.kind === 'closing') this.#state = { kind: 'closing', isOpen: true, isLate: this.#state.isLate };
    else if (this.#state.kind !== 'failed') this.#state = { kind: 'idle', timer: undefined };
    if (this.#isIdle) this.#resolveIdle();
    else this.#wake();
  }

  /** The next batch, out of the spill first; undefined: nothing waits, or not for long enough. */
  async #nextBatch(): Promise<Batch | undefined> {
    while (this.#spill?.isOn === true && this.#spill.backlog.length === 0) {
      this.#reading = this.#readBack(this.#spill);
      await this.#reading;
      if (this.#isStopped) return undefined;
    }
    if (this.#isAccepting && this.#batcher.tooSoonMs(this.#timers.now()) > 0) return undefined;
    const batch = this.#batcher.take();
    if (batch === undefined) return undefined;
    this.#delivery.begin(batch);
    this.#overflow.freed();
    if (batch.isSpilled) await this.#spill?.saveMark();
    return batch;
  }

  async #readBack(spill: Spill): Promise<void> {
    if (this.#state.kind === 'sending') this.#state = { ...this.#state, kind: 'draining_spill' };
    try {
      this.#conflated += await spill.readBack(this.#conflates);
      if (spill.isOn) return;
      if (this.#state.kind === 'draining_spill') this.#state = { ...this.#state, kind: 'sending' };
      this.#overflow.freed();
    } catch (error) {
      this.#options.onSpill?.('failing', asFault(error).message);
      await this.#timers.pause(READ_AGAIN_MS);
    }
  }

  #failed(fault: Fault): void {
    this.#down(fault.message);
    if (fault.retry.kind !== 'never' || this.#run === undefined) return;
    this.#state = { kind: 'failed', run: this.#run };
    this.#timers.stopPauses();
    this.#options.onFailed?.(fault);
  }

  #down(cause: string): void {
    this.#health.down(this.#spill?.isOn === true ? `${cause}; records go to the spill` : cause, this.#timers.now());
  }

  #watch(): void {
    this.#timers.after(WATCH_EVERY_MS, () => {
      const now = this.#timers.now();
      const overdue = this.#health.overdue(this.#delivery.sentAt, now);
      if (overdue !== undefined) this.#down(overdue);
      if (this.#health.downForMs(now) >= SPILL_AFTER_MS && !this.#isIdle) this.#beginSpill();
      this.#watch();
    });
  }

  #newSpill(options: SpillOptions): Spill {
    const { scheduler, onSpill } = this.#options;
    const parts = { queue: this.#queue, ledger: this.#ledger, delivery: this.#delivery, scheduler };
    return new Spill(options, parts, {
      onEvent: (event, reason) => onSpill?.(event, reason),
      onDropped: (byTopic) => {
        this.#overflow.drop(byTopic);
        if (this.#isIdle) this.#resolveIdle();
      },
      onRejected: (record, fault) => this.#delivery.reject(record, fault),
      onTaken: () => this.#overflow.freed(),
    });
  }

  #beginSpill(): void {
    if (this.#spill === undefined || this.#state.kind === 'opening' || this.#isStopped) return;
    const { state, reason } = this.#health;
    const isNew = !this.#spill.isOn;
    this.#spill.begin(state === 'down' ? reason : 'half of the memory is used');
    if (isNew && state === 'down') this.#down(reason);
  }

  #resolveIdle(): void {
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  get #run(): Promise<void> | undefined {
    return 'run' in this.#state ? this.#state.run : undefined;
  }

  /** Records that wait for their batch, in memory or in the spill. */
  get #waiting(): number {
    return this.#queue.length + (this.#spill?.waiting ?? 0);
  }

  get #isIdle(): boolean {
    return this.#delivery.batch === undefined && this.#waiting === 0;
  }

  get #isAccepting(): boolean {
    return this.#state.kind !== 'closing' && this.#state.kind !== 'failed';
  }

  /** Nothing is written any more. */
  get #isStopped(): boolean {
    return this.#state.kind === 'failed' || (this.#state.kind === 'closing' && this.#state.isLate);
  }
}
