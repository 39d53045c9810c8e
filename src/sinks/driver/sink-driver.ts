import { asFault, Fault } from '../../domain/fault.ts';
import type { CheckpointOptions, OutRecord, Recent, RecentOptions, SeriesCheckpoint, Sink } from '../contract.ts';
import { Batcher } from '../queue/batcher.ts';
import { lossesOf, PendingLosses } from '../queue/pending-losses.ts';
import { SinkQueue } from '../queue/sink-queue.ts';
import { Spill } from '../spill/spill.ts';
import type { SpillOptions } from '../spill/spill-options.ts';
import { recentWithSpilled } from '../spill/spill-recovery.ts';
import { Timers } from '../timers.ts';
import { Delivery } from './delivery.ts';
import { DeliveryLoop } from './delivery-loop.ts';
import type { CloseResult, DriverOptions, DriverStats, PushOptions } from './driver-options.ts';
import { SinkHealth } from './sink-health.ts';

const SPILL_AFTER_MS = 1000;
const LAST_ANSWER_MS = 500;

/**
 * Carries records to a sink: one batch at a time, in order, in bounded memory. It retries undelivered records before
 * newer ones. With a spill, records wait on disk once the sink has been down for a second, or half of the memory is
 * used.
 */
export class SinkDriver {
  /** Resolves when the sink is open. Rejects with a Fault if it can never open, or if the driver closes first. */
  readonly opened: Promise<void>;
  readonly #sink: Sink;
  readonly #options: DriverOptions;
  readonly #timers: Timers;
  readonly #queue: SinkQueue;
  readonly #pendingLosses: PendingLosses;
  readonly #delivery: Delivery;
  readonly #spill: Spill | undefined;
  readonly #health: SinkHealth;
  readonly #loop: DeliveryLoop;
  #seq = 0;
  #conflated = 0;
  readonly #dropped = new Map<string, number>();
  #closed: Promise<CloseResult> | undefined;

  constructor(sink: Sink, options: DriverOptions) {
    const { scheduler, maxRecords = 200_000, maxBytes = 256 * 2 ** 20 } = options;
    this.#sink = sink;
    this.#options = options;
    this.#timers = new Timers(scheduler);
    this.#queue = new SinkQueue({ maxRecords, maxBytes });
    this.#pendingLosses = new PendingLosses(options.outGap);
    this.#delivery = new Delivery(sink, this.#pendingLosses, options);
    this.#spill = options.spill === undefined ? undefined : this.#newSpill(options.spill);
    const parts = { timers: this.#timers, queue: this.#queue, delivery: this.#delivery, spill: this.#spill };
    this.#health = new SinkHealth(sink, parts, options);
    const batcher = new Batcher({ ...parts, pendingLosses: this.#pendingLosses }, options);
    this.#loop = new DeliveryLoop({ ...parts, batcher, health: this.#health }, options);
    this.#health.watch((downMs) => {
      if (downMs >= SPILL_AFTER_MS && !this.#loop.isIdle) this.#beginSpill();
    });
    this.opened = this.#open();
    this.opened.catch(() => {});
  }

  get name(): string {
    return this.#sink.name;
  }

  /** Queues a record. Never blocks: if there is no room, it drops waiting records by their drop priority. */
  push(record: OutRecord, options?: PushOptions): void {
    if (!this.#loop.isAccepting) {
      this.#drop(new Map([[record.topic, 1]]));
      return;
    }
    if (this.#options.conflates !== false && this.#queue.replace(record)) {
      this.#conflated++;
      return;
    }
    if (this.#queue.isHalfFull) this.#beginSpill();
    while (this.#queue.isFull) this.#makeRoom();
    this.#queue.push(record, options?.barrier === true, ++this.#seq, this.#options.scheduler.now());
    this.#loop.wake();
  }

  /** Resolves when no record waits any more: all are acknowledged, rejected or dropped. */
  idle(): Promise<void> {
    return this.#loop.idle();
  }

  stats(): DriverStats {
    const { batch, length, delivered, rejected, batches } = this.#delivery;
    const since = batch?.since ?? this.#spill?.backlog.oldestAt ?? this.#queue.oldestAt ?? Number.POSITIVE_INFINITY;
    const oldest = Math.min(since, this.#spill?.since ?? since);
    return {
      state: this.#health.state,
      reason: this.#health.reason,
      queued: this.#loop.waiting + length,
      oldestUnackedMs: Number.isFinite(oldest) ? Math.max(0, this.#timers.now() - oldest) : null,
      delivered,
      rejected,
      conflated: this.#conflated + this.#loop.conflated,
      batches,
      dropped: Object.fromEntries(this.#dropped),
      spill: this.#spill?.stats() ?? null,
    };
  }

  /**
   * Reads the last trade of every series in the sink and in the spill of a previous process, and starts to deliver that
   * spill. Call it once, after `opened` and before the first push. @throws Fault
   */
  async resume(options: CheckpointOptions): Promise<readonly SeriesCheckpoint[]> {
    const read = async (of: CheckpointOptions): Promise<readonly SeriesCheckpoint[]> => {
      const checkpoints = await this.#untilDone(() => this.#sink.checkpoints(of));
      this.#health.up('open');
      return checkpoints;
    };
    if (this.#spill === undefined) {
      const checkpoints = await read(options);
      this.#pendingLosses.seed(checkpoints);
      return checkpoints;
    }
    const checkpoints = await this.#spill.recover(options, read);
    this.#seq = Math.max(this.#seq, Math.ceil(this.#spill.lastSeq));
    this.#loop.ready();
    return checkpoints;
  }

  /**
   * Reads the recent records of the sink and of a previous process's spill. Call it once, after `resume`, with the
   * checkpoints that `resume` returned. Records pushed meanwhile do not count. With a file sink, push none until this
   * returns. @throws Fault
   */
  async recent(options: RecentOptions): Promise<Recent> {
    // The spill is read first: records that leave it meanwhile are found in the sink.
    const spilled = await this.#spill?.recent(options);
    const stored = await this.#sink.recent(options);
    return spilled === undefined ? stored : recentWithSpilled(stored, spilled, options);
  }

  /** Delivers waiting records for at most `timeoutMs`, puts undelivered ones into the spill, and closes the sink. */
  close({ timeoutMs }: { readonly timeoutMs: number }): Promise<CloseResult> {
    this.#closed ??= this.#close(timeoutMs);
    return this.#closed;
  }

  async #close(timeoutMs: number): Promise<CloseResult> {
    await this.#loop.finish(timeoutMs);
    try {
      // Undelivered records go to disk first. If the closing sink still takes some, the next start detects it.
      if (this.#loop.maySpill) this.#spill?.saveAll();
      await this.#sink.close();
    } finally {
      // The sink may still answer for the batch in flight.
      await Promise.race([this.#loop.run, this.#timers.delay(LAST_ANSWER_MS)]);
      this.#timers.clear();
      this.#spill?.close();
    }
    const left = this.#loop.waiting + this.#delivery.length;
    const spilled = this.#spill?.saved ?? 0;
    return { undelivered: left - spilled, spilled };
  }

  async #open(): Promise<void> {
    // The lock comes first: opening a sink fences the writer that may have the lock.
    await this.#untilDone(async () => this.#spill?.lock());
    await this.#untilDone(() => this.#sink.open());
    this.#health.up('open');
    if (this.#spill === undefined) this.#loop.ready();
  }

  /** Retries the work until it succeeds or the driver closes. @throws Fault */
  async #untilDone<T>(work: () => Promise<T>): Promise<T> {
    for (let failures = 0; !this.#loop.isStopped; failures++) {
      try {
        return await work();
      } catch (error) {
        const fault = asFault(error);
        this.#health.down(fault.message);
        if (fault.retry.kind === 'never') throw fault;
        await this.#timers.pause(this.#delivery.backoffMs(failures, fault));
      }
    }
    throw new Fault('sink', `sink ${this.name}: closed before it was open`, { retry: { kind: 'never' } });
  }

  #makeRoom(): void {
    const evicted = this.#queue.evict();
    this.#pendingLosses.lost(lossesOf(evicted), `memory ${this.#queue.dequeuedCount}`);
    const byTopic = Map.groupBy(evicted, ({ out }) => out.topic);
    this.#drop(new Map([...byTopic].map(([topic, entries]) => [topic, entries.length])));
  }

  /** Counts and reports dropped records. */
  #drop(byTopic: ReadonlyMap<string, number>): void {
    for (const [topic, count] of byTopic) this.#dropped.set(topic, (this.#dropped.get(topic) ?? 0) + count);
    this.#options.onDropped?.(byTopic);
  }

  #newSpill(options: SpillOptions): Spill {
    const parts = {
      queue: this.#queue,
      pendingLosses: this.#pendingLosses,
      delivery: this.#delivery,
      timers: this.#timers,
    };
    return new Spill(options, parts, {
      onEvent: (event, reason) => this.#options.onSpill?.(event, reason),
      onDropped: (byTopic) => {
        this.#drop(byTopic);
        this.#loop.checkIdle();
      },
      onRejected: (record, fault) => this.#delivery.reject(record, fault),
    });
  }

  #beginSpill(): void {
    if (this.#spill === undefined || !this.#loop.maySpill || this.#loop.isStopped) return;
    const { state, reason } = this.#health;
    const isNew = !this.#spill.isOn;
    this.#spill.begin(state === 'down' ? reason : 'half of the memory is used');
    if (isNew && state === 'down') this.#health.down(reason);
  }
}
