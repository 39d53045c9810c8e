import type { SchedulerLike } from 'rxjs';
import { asFault, type Fault } from '../../domain/fault.ts';
import type { Ending, OutRecord, Recent, RecentOptions } from '../contract.ts';
import type { LossLedger } from '../driver/loss-ledger.ts';
import type { OutQueue, QueueEntry } from '../driver/out-queue.ts';
import { TRADES } from '../driver/worth.ts';
import { prefixOf, Reconciler } from './reconcile.ts';
import type { SpillMark } from './recover-log.ts';
import type { Tally } from './segment.ts';
import { type SpillFiles, spillFiles } from './spill-files.ts';
import { SpillLog } from './spill-log.ts';
import { SpilledRecent } from './spilled-recent.ts';

export interface SpillOptions {
  /** Folder of this sink alone, and of one process; made when it is needed. */
  readonly dir: string;
  readonly maxBytes: number;
  /** Size at which a file is closed and the next begun; a 64th of the limit by default, 8 MiB at most. */
  readonly segmentBytes?: number;
  /** Milliseconds between two writes: what a killed process loses at most; 50 by default. */
  readonly flushMs?: number;
  /** Instead of the folder's own, for tests. */
  readonly files?: SpillFiles;
}

export interface SpillHooks {
  /** Records were dropped for want of disk, by topic. */
  onDropped(byTopic: ReadonlyMap<string, number>): void;
  onRejected(record: OutRecord, fault: Fault): void;
  /** The disk fails, or takes again (undefined). */
  onFault(fault: Fault | undefined): void;
  /** Records left the queue. */
  onTaken(): void;
  /** A stretch of a file could not be read. */
  onBroken(): void;
}

const AT_ONCE = 2000;
const RETRY_MS = 1000;

/**
 * What a sink that is away cannot take, on disk: it empties the drain's queue into a log, hands it back in order when
 * the sink takes again, and ends when there is nothing left. The queue is its buffer: whoever pushes never waits.
 */
export class Spill {
  readonly #log: SpillLog;
  readonly #queue: OutQueue;
  readonly #ledger: LossLedger;
  readonly #scheduler: SchedulerLike;
  readonly #flushMs: number;
  readonly #hooks: SpillHooks;
  /** Taken from the queue, not yet on the disk. */
  #pending: readonly QueueEntry[] = [];
  /** How many of these are with the sink: written only to be safe. */
  #underWay = 0;
  #isOn = false;
  #halted = false;
  #flushing: Promise<void> = Promise.resolve();
  #wake = () => {};
  #fault: Fault | undefined;
  #isStored: (entry: QueueEntry) => boolean = () => false;
  /** The removal of what was drained. */
  #clearing: Promise<void> | undefined;
  #takes = 0;
  #reads = 0;
  #broken = 0;

  constructor(
    options: SpillOptions,
    parts: { readonly queue: OutQueue; readonly ledger: LossLedger; readonly scheduler: SchedulerLike },
    hooks: SpillHooks,
  ) {
    const { queue, ledger, scheduler } = parts;
    this.#queue = queue;
    this.#ledger = ledger;
    this.#scheduler = scheduler;
    this.#hooks = hooks;
    this.#flushMs = options.flushMs ?? 50;
    this.#log = new SpillLog(options.files ?? spillFiles(options.dir), { ...options, now: () => scheduler.now() });
  }

  /** Records go to the disk and come from it. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** There is something on the disk to tell of. */
  get hasFiles(): boolean {
    return this.#isOn || this.#log.hasFiles;
  }

  /** Records that are on the disk and not handed out. */
  get unread(): number {
    return this.#isOn ? this.#log.unread : 0;
  }

  /** Records on their way to the disk, save those that are under way to the sink, too. */
  get pending(): number {
    return this.#pending.length - this.#underWay;
  }

  get bytes(): number {
    return this.#log.bytes;
  }

  get since(): number | undefined {
    return this.#isOn ? this.#log.since : undefined;
  }

  /** Stretches of files that could not be read. */
  get broken(): number {
    return this.#broken;
  }

  /** The number of the last record that was ever spilled. */
  get lastSeq(): number {
    return this.#log.lastSeq;
  }

  /** Marks losses from memory between which nothing left the queue. */
  get mark(): string {
    return `memory ${this.#takes}`;
  }

  /**
   * Takes up what a former process left, save what the sink has by now: `endingsOf` asks the sink for the series of
   * `topics`, too. Says where the series will end when the spill is drained. @throws Fault where a file is of another version
   */
  async recover(
    environmentPrefixes: readonly string[],
    endingsOf: (environmentPrefixes: readonly string[], topics: ReadonlySet<string>) => Promise<readonly Ending[]>,
  ): Promise<readonly Ending[]> {
    const { topics, mark } = await this.#log.recover({ onBreak: (worth, seq) => this.#onBreak(worth, seq) });
    const ask = async (prefixes: readonly string[]) => ({
      environmentPrefixes: prefixes,
      endings: await endingsOf(prefixes, topics),
    });
    const foreign = [...new Set([...topics].map(prefixOf))].filter((prefix) => !environmentPrefixes.includes(prefix));
    const groups = await Promise.all([environmentPrefixes, ...foreign.map((prefix) => [prefix])].map(ask));
    this.#ledger.seed(groups.flatMap(({ endings }) => endings));
    const reconciler = new Reconciler(groups, mark.handedSeq);
    await this.#reconcile(reconciler);
    if (this.#log.unread > 0) {
      this.#isStored = (entry) => reconciler.isStored(entry);
      this.#begin([]);
    } else {
      await this.#log.clear();
    }
    return reconciler.endings();
  }

  /** After `recover`: what the sink has not yet of the near past; undefined: nothing. */
  async recent(options: RecentOptions): Promise<Recent | undefined> {
    if (!this.#isOn) return undefined;
    const found = new SpilledRecent(options);
    let whole = true;
    await this.#log.scan(
      ({ entry }) => {
        if (!this.#isStored(entry)) found.add(entry.out);
        return true;
      },
      {
        onBreak: () => {
          whole = false;
        },
      },
    );
    return { ...found.all(), whole };
  }

  /** From now on what is in the queue goes to the disk, behind `first`, which left it before. `underWay` of these are with the sink. */
  begin(first: readonly QueueEntry[], underWay: number): void {
    if (this.#isOn) return;
    this.#handOut(first, underWay);
    this.#begin(first);
  }

  /** The queue fills faster than it is emptied now and then. */
  hurry(): void {
    if (this.#fault === undefined) this.#wake();
  }

  /** The next records, in order; none: there are none, and the spill is off. */
  async read(max: number): Promise<readonly QueueEntry[]> {
    const entries = await this.#read(max);
    if (entries.length > 0 || this.#halted) return entries;
    await this.#halt();
    const late = await this.#read(max);
    if (late.length > 0) {
      this.#resume();
      return late;
    }
    this.#isOn = false;
    this.#halted = false;
    const rest = this.#pending.slice(this.#underWay);
    this.#pending = [];
    this.#underWay = 0;
    this.#setFault(undefined);
    return rest;
  }

  /** Before a batch goes to the sink: all before it is settled, all behind it never was there. Never rejects. */
  async saveMark(mark: SpillMark): Promise<void> {
    try {
      await this.#log.saveMark(mark);
    } catch (error) {
      this.#setFault(asFault(error));
    }
  }

  /** All up to `seq` is with the sink. */
  settled(seq: number): Promise<void> {
    if (this.#isOn) return this.#log.settle(seq);
    this.#clearing = this.#log.clear();
    return this.#clearing;
  }

  /** Puts everything that waits on the disk, for good; `isOver` ends it early. */
  async saveAll(first: readonly QueueEntry[], underWay: number, isOver: () => boolean): Promise<void> {
    if (this.#isOn) await this.#halt();
    else if (first.length === 0 && this.#queue.length === 0) return;
    else {
      this.#handOut(first, underWay);
      this.#isOn = true;
      this.#halted = true;
      this.#pending = first;
    }
    try {
      while (!isOver()) {
        if (this.#pending.length === 0) this.#pending = this.#takeEntries();
        if (this.#pending.length === 0) break;
        await this.#append();
      }
      await this.#log.sync();
      this.#setFault(undefined);
    } catch (error) {
      this.#setFault(asFault(error));
    }
  }

  /** After `saveAll`: notes how far the sink got. Of a log that is off only its clearing is waited for: what is left of it the next start takes up. */
  async close(mark: SpillMark): Promise<void> {
    if (!this.#isOn) return this.#clearing;
    try {
      await this.#log.settle(mark.settledSeq);
      if (mark.settledSeq >= this.#log.lastSeq) await this.#log.clear();
      else await this.#log.saveMark(mark);
    } finally {
      await this.#log.close();
    }
  }

  /** What reached the disk of `seq` and what stands before it. */
  hasSaved(seq: number): boolean {
    return this.#isOn && this.#log.lastSeq >= seq;
  }

  async #reconcile(reconciler: Reconciler): Promise<void> {
    const losses: Parameters<LossLedger['lost']>[0][number][] = [];
    await this.#log.scan(
      ({ entry, segment }) => {
        reconciler.see(entry);
        segment.tally.add(entry);
        return true;
      },
      { onLoss: (loss) => losses.push(loss) },
    );
    const open = [...losses.filter((loss) => reconciler.isOpen(loss)), ...reconciler.unsure()];
    for (const [index, loss] of open.entries()) this.#ledger.lost([loss], `found ${index}`, true);
    const end = reconciler.lastStoredSeq;
    await this.#log.scan(({ entry, segment }) => {
      if (entry.seq <= end && reconciler.isStored(entry)) segment.tally.remove(entry);
      return entry.seq < end;
    });
  }

  #handOut(first: readonly QueueEntry[], underWay: number): void {
    const handedSeq = first[underWay - 1]?.seq ?? (first[0]?.seq ?? this.#queue.headSeq ?? 1) - 1;
    this.#log.handedOut(handedSeq);
    this.#underWay = underWay;
    void this.saveMark({ settledSeq: (first[0]?.seq ?? handedSeq + 1) - 1, handedSeq });
  }

  #begin(first: readonly QueueEntry[]): void {
    this.#isOn = true;
    this.#pending = first;
    this.#resume();
  }

  #resume(): void {
    this.#halted = false;
    this.#flushing = this.#flush();
  }

  /** Waits for the write under way, and lets no other begin. */
  async #halt(): Promise<void> {
    this.#halted = true;
    this.#wake();
    await this.#flushing;
  }

  async #flush(): Promise<void> {
    while (!this.#halted) {
      if (this.#pending.length === 0) this.#pending = this.#takeEntries();
      if (this.#pending.length === 0) {
        await this.#pause(this.#flushMs);
        continue;
      }
      try {
        await this.#append();
        this.#setFault(undefined);
      } catch (error) {
        this.#setFault(asFault(error));
        if (!this.#halted) await this.#pause(RETRY_MS);
      }
    }
  }

  #takeEntries(): readonly QueueEntry[] {
    const entries = this.#queue.takeEntries(AT_ONCE);
    if (entries.length > 0) {
      this.#takes++;
      this.#hooks.onTaken();
    }
    return entries;
  }

  async #append(): Promise<void> {
    const losses = this.#ledger.takeUnsaved();
    const entries = this.#pending;
    try {
      const { rejected, dropped } = await this.#log.append(entries, losses);
      this.#pending = [];
      this.#underWay = 0;
      for (const { out, fault } of rejected) this.#hooks.onRejected(out, fault);
      if (dropped.length > 0) this.#tellDropped(dropped);
    } catch (error) {
      this.#ledger.keepUnsaved(losses);
      throw error;
    }
  }

  #tellDropped(dropped: readonly Tally[]): void {
    const byTopic = new Map<string, number>();
    for (const tally of dropped) {
      this.#ledger.lost([...tally.losses.values()], `disk ${this.#reads}`, true);
      for (const [topic, count] of tally.byTopic) {
        if (count > 0) byTopic.set(topic, (byTopic.get(topic) ?? 0) + count);
      }
    }
    this.#hooks.onDropped(byTopic);
  }

  async #read(max: number): Promise<readonly QueueEntry[]> {
    const entries = await this.#log.read(max, (entry) => !this.#isStored(entry));
    if (entries.length > 0) this.#reads++;
    return entries;
  }

  #onBreak(worth: number, seq: number): void {
    this.#broken++;
    if (worth >= TRADES) this.#ledger.suspectAll(seq - 1);
    this.#hooks.onBroken();
  }

  #setFault(fault: Fault | undefined): void {
    if (this.#fault?.message === fault?.message) return;
    this.#fault = fault;
    this.#hooks.onFault(fault);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#scheduler.schedule(resolve, ms);
      this.#wake = () => {
        timer.unsubscribe();
        resolve();
      };
    });
  }
}
