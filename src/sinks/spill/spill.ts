import { asFault } from '../../domain/fault.ts';
import type { CheckpointOptions, Recent, RecentOptions, SeriesCheckpoint } from '../contract.ts';
import type { Batch } from '../queue/batcher.ts';
import { type QueueEntry, SinkQueue } from '../queue/sink-queue.ts';
import type { SpillMark } from './spill-database.ts';
import { folderDisk } from './spill-disk.ts';
import type { SpillHooks, SpillOptions, SpillParts, SpillStats } from './spill-options.ts';
import { type Recovered, recentInSpill, recoverSpill } from './spill-recovery.ts';
import { type AppendResult, SpillStore } from './spill-store.ts';
import { SpillWriter } from './spill-writer.ts';

const READ_AT_ONCE = 5000;
const SAVE_MS = 1000;

/**
 * The queue on disk while a sink takes no records. It moves the driver's queue into a database, reads the records back
 * in order when the sink takes them again, and turns off when nothing is left.
 */
export class Spill {
  /** Records that were read back: they are sent before the queue. */
  readonly backlog = new SinkQueue({ maxRecords: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY });
  readonly #store: SpillStore;
  readonly #writer: SpillWriter;
  readonly #parts: SpillParts;
  readonly #hooks: SpillHooks;
  /** True while records go to the disk and come from it. */
  isOn = false;
  /** Set from `recover` until the spill is empty, if a previous process left records. */
  #recovered: Recovered | undefined;
  #broken = 0;

  constructor(options: SpillOptions, parts: SpillParts, hooks: SpillHooks) {
    this.#parts = parts;
    this.#hooks = hooks;
    this.#store = new SpillStore(options.disk ?? folderDisk(options.dir), {
      maxBytes: options.maxBytes,
      now: () => parts.timers.now(),
      onBreak: (seq, hasTrades) => this.#onBreak(seq, hasTrades),
    });
    this.#writer = new SpillWriter(
      { ...parts, store: this.#store },
      {
        inMemory: () => this.#inMemory(),
        onAppended: (appended) => this.#appended(appended),
        onFault: (fault) => {
          if (fault !== undefined) hooks.onEvent('failing', fault.message);
          else if (this.isOn) hooks.onEvent('spilling', 'the disk takes records again');
        },
      },
    );
  }

  /** Records that wait, on the disk or read back. */
  get waiting(): number {
    return this.#unread + this.backlog.length;
  }

  /** True if the backlog is on the disk, too. */
  get isBacklogSaved(): boolean {
    return this.isOn && this.#writer.isMemorySaved;
  }

  /** When the spill was created or found; undefined if it is off. */
  get since(): number | undefined {
    return this.isOn ? this.#store.since : undefined;
  }

  /** Sequence number of the last spilled record. */
  get lastSeq(): number {
    return this.#store.lastSeq;
  }

  stats(): SpillStats {
    const oldestMs = this.since === undefined ? null : this.#parts.timers.now() - this.since;
    return { records: this.#unread, bytes: this.#store.bytes, oldestMs, broken: this.#broken };
  }

  /** Locks the disk until `close`. @throws FolderInUse, or another Fault if the disk is unusable */
  lock(): void {
    this.#store.lock();
  }

  /**
   * Opens the records of a previous process, without those that the sink has (see Reconciler). Returns the last trade
   * that each series will have when the spill is delivered. @throws Fault
   */
  async recover(
    options: CheckpointOptions,
    read: (options: CheckpointOptions) => Promise<readonly SeriesCheckpoint[]>,
  ): Promise<readonly SeriesCheckpoint[]> {
    const reconciler = await recoverSpill(this.#store, this.#parts.pendingLosses, options, read);
    if (this.#store.unread > 0) {
      this.#recovered = { reconciler, lastSeq: this.lastSeq };
      this.isOn = true;
      this.#writer.start();
      this.#hooks.onEvent('spilling', `${this.#store.unread} records of a previous run`);
    } else {
      this.#store.clear();
    }
    return reconciler.checkpoints().filter(({ kind }) => options.kinds.includes(kind));
  }

  /** Returns the recent records of a previous process that the sink does not have. Call it after `recover`. */
  async recent(options: RecentOptions): Promise<Recent | undefined> {
    return this.#recovered && recentInSpill(this.#store, this.#recovered, options);
  }

  /**
   * Starts to write to the disk: the batch in flight, then the backlog and the queue. If the spill is on already,
   * writes at once.
   */
  begin(reason: string): void {
    if (this.isOn) {
      this.#writer.hurry();
      return;
    }
    this.#turnOn();
    this.#writer.start();
    this.#hooks.onEvent('spilling', reason);
  }

  /**
   * Fills the backlog with the next records; if none are left, the spill turns off. Returns the number of replaced
   * price ticks.
   */
  readBack(): number {
    const entries = this.#store.read(READ_AT_ONCE);
    const now = this.#parts.timers.now();
    let replaced = 0;
    for (const { out, barrier, seq } of entries) {
      if (this.backlog.replace(out)) replaced++;
      else this.backlog.push(out, barrier, seq, now);
    }
    if (entries.length === 0) {
      this.#writer.halt();
      this.isOn = false;
      this.#writer.report(undefined);
      this.#recovered = undefined;
      this.settled();
      this.#hooks.onEvent('drained', 'all that was spilled is delivered');
    }
    return replaced;
  }

  /**
   * Saves how far the sink got, for the start after a crash. Call it before a batch of the spill is sent. It saves that
   * all records before this batch are settled, and that no record after the batch was ever sent.
   */
  saveMark(): void {
    try {
      this.#store.saveMark(this.#mark);
    } catch (error) {
      this.#writer.report(asFault(error));
    }
  }

  /** Removes settled records (delivered, rejected or dropped) from the disk. Call it when a whole batch is settled. */
  settled(): void {
    if (!this.isOn && !this.#store.isThere) return;
    try {
      if (this.isOn) this.#store.settle(this.#mark.settledSeq);
      else this.#store.clear();
    } catch (error) {
      this.#hooks.onEvent('failing', asFault(error).message);
    }
  }

  /** Writes waiting records to the disk, for at most a second. */
  saveAll(): void {
    this.#writer.halt();
    if (!this.isOn) {
      if (this.#parts.delivery.batch === undefined && this.backlog.length + this.#parts.queue.length === 0) return;
      this.#turnOn();
    }
    const end = this.#parts.timers.now() + SAVE_MS;
    try {
      this.#writer.writeAll(() => this.#parts.timers.now() > end);
      this.#writer.report(undefined);
    } catch (error) {
      this.#writer.report(asFault(error));
    }
  }

  /** Saves how far the sink got, closes the database and unlocks the disk. Call it after `saveAll`. */
  close(): void {
    this.#writer.halt();
    try {
      if (this.isOn) {
        const mark = this.#mark;
        this.#store.settle(mark.settledSeq);
        if (mark.settledSeq >= this.lastSeq) this.#store.clear();
        else this.#store.saveMark(mark);
      }
    } catch (error) {
      this.#hooks.onEvent('failing', asFault(error).message);
    }
    try {
      this.#store.release();
    } catch (error) {
      this.#hooks.onEvent('failing', asFault(error).message);
    }
  }

  /**
   * The number of records on the disk that are waiting or sent but not acknowledged. It is read at the end of a run.
   */
  get saved(): number {
    const { batch } = this.#parts.delivery;
    const inFlight = batch?.records.length ?? 0;
    const isSafe = batch === undefined || batch.isSpilled || this.isBacklogSaved;
    return this.#unread + (this.isBacklogSaved ? this.backlog.length : 0) + (isSafe ? inFlight : 0);
  }

  get #unread(): number {
    return this.isOn ? this.#store.unread : 0;
  }

  get #mark(): SpillMark {
    const handedSeq = (this.backlog.head?.seq ?? this.#store.readSeq + 1) - 1;
    const { batch } = this.#parts.delivery;
    return { settledSeq: batch === undefined ? handedSeq : batch.firstSeq - 1, handedSeq };
  }

  #inMemory(): readonly QueueEntry[] {
    const { batch } = this.#parts.delivery;
    return [...(batch === undefined ? [] : entriesOf(batch)), ...this.backlog.peek(this.backlog.length)];
  }

  #turnOn(): void {
    this.isOn = true;
    this.#store.readSeq = this.#inMemory().at(-1)?.seq ?? (this.#parts.queue.head?.seq ?? 1) - 1;
    this.#writer.isMemorySaved = false;
    this.saveMark();
  }

  #appended({ rejected, dropped, losses }: AppendResult): void {
    for (const { out, fault } of rejected) this.#hooks.onRejected(out, fault);
    if (dropped.size === 0) return;
    this.#parts.pendingLosses.lost(losses, `disk ${this.#store.readSeq}`, true);
    this.#hooks.onDropped(dropped);
  }

  #onBreak(seq: number, hasTrades: boolean): void {
    this.#broken++;
    if (hasTrades) this.#parts.pendingLosses.suspectAll(seq);
    this.#hooks.onEvent('broken', 'a part of the spill could not be read');
  }
}

function entriesOf({ records, firstSeq, seqStep }: Batch): QueueEntry[] {
  return records.map((out, index) => {
    const barrier = out.record.kind === 'gap' || out.record.kind === 'position';
    return { seq: firstSeq + index * seqStep, barrier, out };
  });
}
