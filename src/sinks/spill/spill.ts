import { asFault } from '../../domain/fault.ts';
import type { CheckpointOptions, Recent, RecentOptions, SeriesCheckpoint } from '../contract.ts';
import type { Batch } from '../queue/batcher.ts';
import { TRADES } from '../queue/drop-priority.ts';
import type { LossLedger } from '../queue/loss-ledger.ts';
import { OutQueue, type QueueEntry } from '../queue/out-queue.ts';
import { Timers } from '../timers.ts';
import type { SpillMark } from './recover-log.ts';
import { spillFiles } from './spill-files.ts';
import { type AppendResult, SpillLog } from './spill-log.ts';
import type { SpillHooks, SpillOptions, SpillParts, SpillStats } from './spill-options.ts';
import { SpillRecovery } from './spill-recovery.ts';
import { SpillWriter } from './spill-writer.ts';

const READ_AT_ONCE = 5000;
const SAVE_MS = 1000;

/**
 * The queue on disk while a sink is away: it empties the driver's queue into a log, reads the records back in order when
 * the sink takes them again, and is off when nothing is left.
 */
export class Spill {
  /** Records read back: they go to the sink before the queue. */
  readonly backlog = new OutQueue({ maxRecords: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY });
  readonly #log: SpillLog;
  readonly #writer: SpillWriter;
  readonly #queue: OutQueue;
  readonly #ledger: LossLedger;
  readonly #delivery: SpillParts['delivery'];
  readonly #timers: Timers;
  readonly #hooks: SpillHooks;
  #isOn = false;
  /** While records of a previous process are there. */
  #recovery: SpillRecovery | undefined;
  /** The removal of a drained log. */
  #clearing: Promise<void> | undefined;
  /** Sequence number of the last record that was read back. */
  #readSeq = 0;
  #reads = 0;
  #broken = 0;

  constructor(options: SpillOptions, parts: SpillParts, hooks: SpillHooks) {
    this.#queue = parts.queue;
    this.#ledger = parts.ledger;
    this.#delivery = parts.delivery;
    this.#timers = new Timers(parts.scheduler);
    this.#hooks = hooks;
    const files = options.files ?? spillFiles(options.dir);
    this.#log = new SpillLog(files, { ...options, now: () => parts.scheduler.now() });
    this.#writer = new SpillWriter(this.#log, { ...parts, timers: this.#timers }, options.flushMs ?? 50, {
      onAppended: (appended) => this.#appended(appended),
      onTaken: () => hooks.onTaken(),
      onFault: (fault) => {
        if (fault !== undefined) hooks.onEvent('failing', fault.message);
        else if (this.#isOn) hooks.onEvent('spilling', 'the disk takes records again');
      },
    });
  }

  /** Records go to the disk and come from it. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** Records that wait on the disk, on their way to it, or read back. */
  get waiting(): number {
    return this.#unread + this.#writer.pending + this.backlog.length;
  }

  /** When the oldest file was begun, or found; undefined: there is none. */
  get since(): number | undefined {
    return this.#isOn ? this.#log.since : undefined;
  }

  /** Sequence number of the last record that was ever spilled. */
  get lastSeq(): number {
    return this.#log.lastSeq;
  }

  /** The same as long as nothing leaves the queue for the disk. */
  get stretch(): string {
    return this.#writer.stretch;
  }

  stats(): SpillStats {
    const oldestMs = this.since === undefined ? null : this.#timers.now() - this.since;
    return { records: this.#unread, bytes: this.#log.bytes, oldestMs, broken: this.#broken };
  }

  /**
   * Finds what a previous process left, without what the sink has by now (see SpillRecovery). Returns where each series
   * will end when the spill is drained. @throws Fault
   */
  async recover(
    options: CheckpointOptions,
    read: (options: CheckpointOptions) => Promise<readonly SeriesCheckpoint[]>,
  ): Promise<readonly SeriesCheckpoint[]> {
    const hooks = { onBreak: (priority: number, seq: number) => this.#onBreak(priority, seq) };
    const recovery = await SpillRecovery.open(this.#log, this.#ledger, options, read, hooks);
    if (this.#log.unread > 0) {
      this.#recovery = recovery;
      this.#isOn = true;
      this.#writer.start();
      this.#hooks.onEvent('spilling', `${this.#log.unread} records of a former run`);
    } else {
      await this.#log.clear();
    }
    return recovery.checkpoints();
  }

  /** After `recover`: the near past that a previous process left here and the sink does not have; undefined: nothing. */
  async recent(options: RecentOptions): Promise<Recent | undefined> {
    return this.#recovery?.recent(options);
  }

  /** From now on the records of the queue go to the disk, behind the batch in flight and the backlog. */
  begin(reason: string): void {
    if (this.#isOn) {
      this.#writer.hurry();
      return;
    }
    this.#takeMemory();
    this.#isOn = true;
    this.#writer.start();
    this.#hooks.onEvent('spilling', reason);
  }

  /** Fills the backlog with the next records; the spill is off when there are none. Returns how many ticks were replaced. */
  async readBack(conflates: boolean): Promise<number> {
    let entries = await this.#read();
    if (entries.length === 0 && !this.#writer.isHalted) {
      await this.#writer.halt();
      entries = await this.#read();
      if (entries.length > 0) this.#writer.start();
      else {
        this.#isOn = false;
        this.#recovery = undefined;
        entries = this.#writer.giveBack();
      }
    }
    const now = this.#timers.now();
    let replaced = 0;
    for (const { out, barrier, seq } of entries) {
      if (conflates && this.backlog.replace(out)) replaced++;
      else this.backlog.push(out, barrier, seq, now);
      this.#readSeq = Math.max(this.#readSeq, seq);
    }
    if (!this.#isOn) {
      this.settled();
      this.#hooks.onEvent('drained', 'all that was spilled is delivered');
    }
    return replaced;
  }

  /** Before a batch of the spill goes to the sink: all before it is settled, nothing behind it was ever there. Never rejects. */
  saveMark(): Promise<void> {
    return this.#saveMark(this.#mark);
  }

  /** The batch in flight is settled. */
  settled(): void {
    if (!this.#isOn && !this.#log.hasFiles) return;
    const done = this.#isOn ? this.#log.settle(this.#mark.settledSeq) : this.#log.clear();
    if (!this.#isOn) this.#clearing = done;
    done.catch((error) => this.#hooks.onEvent('failing', asFault(error).message));
  }

  /** Puts all waiting records on the disk, for good, within a second. */
  async saveAll(): Promise<void> {
    let isOver = false;
    const late = this.#timers.delay(SAVE_MS).then(() => {
      isOver = true;
    });
    await Promise.race([this.#saveAll(() => isOver), late]);
  }

  /**
   * After `saveAll`: notes how far the sink got. Of a drained log only the removal is waited for, and not for long: if
   * files stay behind, the next start delivers a part of them again, and nothing is lost.
   */
  async close(): Promise<void> {
    const closed = this.#isOn ? this.#closeLog() : Promise.race([this.#clearing, this.#timers.delay(SAVE_MS)]);
    await closed.catch((error: unknown) => this.#hooks.onEvent('failing', asFault(error).message));
    this.#timers.clear();
  }

  /** At the end: how many of the records that wait or are in flight are on the disk. */
  get saved(): number {
    const { batch } = this.#delivery;
    const inFlight = batch?.records.length ?? 0;
    const isSafe =
      batch === undefined || batch.isSpilled || (this.#isOn && this.lastSeq >= batch.firstSeq + inFlight - 1);
    return this.#unread + this.backlog.length + (isSafe ? inFlight : 0);
  }

  /** Records on the disk that were not read back. */
  get #unread(): number {
    return this.#isOn ? this.#log.unread : 0;
  }

  get #mark(): SpillMark {
    const handedSeq = (this.backlog.headSeq ?? this.#readSeq + 1) - 1;
    const { batch } = this.#delivery;
    return { settledSeq: batch === undefined ? handedSeq : batch.firstSeq - 1, handedSeq };
  }

  #saveMark(mark: SpillMark): Promise<void> {
    return this.#log.saveMark(mark).catch((error) => this.#writer.report(asFault(error)));
  }

  async #saveAll(isOver: () => boolean): Promise<void> {
    if (this.#isOn) await this.#writer.halt();
    else {
      if (this.#delivery.batch === undefined && this.backlog.length + this.#queue.length === 0) return;
      this.#takeMemory();
      this.#isOn = true;
    }
    try {
      await this.#writer.writeAll(isOver);
      this.#writer.report(undefined);
    } catch (error) {
      this.#writer.report(asFault(error));
    }
  }

  async #closeLog(): Promise<void> {
    try {
      const mark = this.#mark;
      await this.#log.settle(mark.settledSeq);
      if (mark.settledSeq >= this.#log.lastSeq) await this.#log.clear();
      else await this.#log.saveMark(mark);
    } finally {
      await this.#log.close();
    }
  }

  /** The records of the batch in flight and of the backlog go to the disk first. */
  #takeMemory(): void {
    const { batch } = this.#delivery;
    const inFlight = batch === undefined ? [] : entriesOf(batch);
    const first = [...inFlight, ...this.backlog.takeEntries(this.backlog.length)];
    const lastInFlight = inFlight.at(-1)?.seq;
    const firstSeq = first[0]?.seq ?? this.#queue.headSeq ?? 1;
    const handedSeq = lastInFlight ?? firstSeq - 1;
    // Records that go to the disk again do not count as read: they would count as settled.
    if (first.length > 0) this.#readSeq = handedSeq;
    this.#log.handedOut(handedSeq);
    this.#writer.take(first, inFlight.length);
    void this.#saveMark({ settledSeq: firstSeq - 1, handedSeq });
  }

  #appended({ rejected, dropped }: AppendResult): void {
    for (const { out, fault } of rejected) this.#hooks.onRejected(out, fault);
    if (dropped.length === 0) return;
    for (const { losses } of dropped) this.#ledger.lost([...losses.values()], `disk ${this.#reads}`, true);
    this.#hooks.onDropped(countsOf(dropped));
  }

  async #read(): Promise<readonly QueueEntry[]> {
    const entries = await this.#log.read(READ_AT_ONCE, (entry) => this.#recovery?.isStored(entry) !== true);
    if (entries.length > 0) this.#reads++;
    return entries;
  }

  #onBreak(priority: number, seq: number): void {
    this.#broken++;
    if (priority >= TRADES) this.#ledger.suspectAll(seq - 1);
    this.#hooks.onEvent('broken', 'a part of a file could not be read');
  }
}

function entriesOf({ records, firstSeq, seqStep }: Batch): QueueEntry[] {
  return records.map((out, index) => {
    const barrier = out.record.kind === 'gap' || out.record.kind === 'position';
    return { seq: firstSeq + index * seqStep, barrier, out };
  });
}

function countsOf(dropped: AppendResult['dropped']): Map<string, number> {
  const byTopic = new Map<string, number>();
  for (const [topic, count] of dropped.flatMap((tally) => [...tally.byTopic])) {
    if (count > 0) byTopic.set(topic, (byTopic.get(topic) ?? 0) + count);
  }
  return byTopic;
}
