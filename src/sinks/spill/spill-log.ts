import { at } from '../../domain/at.ts';
import type { TradeLoss } from '../queue/loss-ledger.ts';
import type { QueueEntry } from '../queue/out-queue.ts';
import { type AppendPlan, planAppend } from './append-plan.ts';
import { LogReader, type LogReaderHooks, type ReadEntry } from './log-reader.ts';
import { MARK, markText, recoverLog, type SpillMark } from './recover-log.ts';
import { CLASSES, type Segment } from './segment.ts';
import type { SpillFiles } from './spill-files.ts';

export interface SpillLogOptions {
  readonly maxBytes: number;
  /** Size at which a file is closed and the next begun; a 64th of the limit by default, 8 MiB at most. */
  readonly segmentBytes?: number;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

export type AppendResult = Pick<AppendPlan, 'rejected' | 'dropped'>;

const READ_AT_ONCE = 4096;
const LARGEST_SEGMENT = 8 * 2 ** 20;
const SMALLEST_SEGMENT = 128 * 1024;

/**
 * Records on disk, in order: appended behind, read from the front, within a limit. A file for each priority
 * (../drop-priority.ts), so that what is least precious can go alone; a number on every record puts them in order again.
 * Calls take turns.
 */
export class SpillLog {
  readonly #files: SpillFiles;
  readonly #options: SpillLogOptions;
  readonly #segmentBytes: number;
  #classes: Segment[][] = CLASSES.map(() => []);
  #reader: LogReader;
  #hooks: LogReaderHooks = {};
  /** What a failed append left behind its end. */
  #leftovers = new Map<string, number>();
  readonly #unsynced = new Set<string>();
  #lastSeq = 0;
  #settledSeq = 0;
  #handedSeq = 0;
  #work: Promise<unknown> = Promise.resolve();

  constructor(files: SpillFiles, options: SpillLogOptions) {
    this.#files = files;
    this.#options = options;
    this.#segmentBytes =
      options.segmentBytes ?? Math.min(LARGEST_SEGMENT, Math.max(SMALLEST_SEGMENT, options.maxBytes / 64));
    this.#reader = new LogReader(files, this.#classes);
  }

  /** Records that were not handed out yet. */
  get unread(): number {
    return this.#all().reduce((sum, { tally }) => sum + tally.count, 0);
  }

  get bytes(): number {
    return this.#all().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** When the oldest of the files was begun, or found; undefined: there is none. */
  get since(): number | undefined {
    const all = this.#all();
    return all.length === 0 ? undefined : Math.min(...all.map(({ since }) => since));
  }

  /** Something is on the disk, and be it what a failed append left. */
  get hasFiles(): boolean {
    return this.#all().length > 0 || this.#leftovers.size > 0;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Opens what a former process left. `hooks` are for what is read from now on. What topics it is of, and how far the sink got. */
  recover(hooks: LogReaderHooks): Promise<{ readonly topics: ReadonlySet<string>; readonly mark: SpillMark }> {
    return this.#next(async () => {
      const { classes, lastSeq, mark, topics } = await recoverLog(this.#files, this.#options.now());
      this.#classes = classes;
      this.#lastSeq = lastSeq;
      this.#settledSeq = mark.settledSeq;
      this.#hooks = hooks;
      this.#reader = new LogReader(this.#files, classes, hooks);
      return { topics, mark };
    });
  }

  /** Shows all that is not settled, in order, until `each` says false; nothing of it counts as handed out. */
  scan(each: (read: ReadEntry) => boolean, hooks: LogReaderHooks = {}): Promise<void> {
    return this.#next(async () => {
      const reader = new LogReader(this.#files, this.#classes, hooks);
      for (;;) {
        const read = await reader.read(READ_AT_ONCE);
        for (const one of read) if (one.entry.seq > this.#settledSeq && !each(one)) return;
        if (read.length === 0) return;
      }
    });
  }

  /** Records up to here are handed out already: they are only appended to be safe. */
  handedOut(seq: number): void {
    this.#handedSeq = seq;
  }

  /** The next records, `max` at most, of which `take` says that they are wanted; none: that was all. */
  read(max: number, take: (entry: QueueEntry) => boolean): Promise<QueueEntry[]> {
    return this.#next(async () => {
      for (;;) {
        const read = await this.#reader.read(max);
        const wanted = read.filter((one) => {
          const { seq } = one.entry;
          if (seq <= this.#settledSeq || !take(one.entry)) return false;
          one.segment.tally.remove(one.entry);
          return true;
        });
        if (wanted.length > 0 || read.length === 0) return wanted.map(({ entry }) => entry);
      }
    });
  }

  /**
   * Writes the records behind all others, and the losses that have to be remembered: all or nothing.
   * @throws what the file system says, or a Fault where the limit leaves no room for what is most precious
   */
  append(entries: readonly QueueEntry[], losses: readonly TradeLoss[]): Promise<AppendResult> {
    return this.#next(() => this.#append(entries, losses));
  }

  /** Everything up to `seq` is with the sink, or given up: files that hold no more than that go. */
  settle(seq: number): Promise<void> {
    return this.#next(async () => {
      if (seq <= this.#settledSeq) return;
      this.#settledSeq = seq;
      for (const segments of this.#classes) {
        for (let oldest = segments[0]; segments.length > 1 && oldest !== undefined && oldest.lastSeq <= seq; ) {
          await this.#remove(oldest);
          oldest = segments[0];
        }
      }
    });
  }

  /** Writes down how far the sink got. Where that fails the old mark goes: none is better than a wrong one. */
  saveMark(mark: SpillMark): Promise<void> {
    return this.#next(() =>
      this.#files.replace(MARK, markText(mark)).catch(async (error) => {
        await this.#files.remove(MARK);
        throw error;
      }),
    );
  }

  /** Removes everything; all of it has to be settled. */
  clear(): Promise<void> {
    return this.#next(async () => {
      if (!this.hasFiles) return;
      // The commits go first: what is without them is nothing, should the process end here.
      for (const segment of this.#all().reverse()) await this.#remove(segment);
      await this.#cleanUp();
      await this.#files.remove(MARK);
      await this.#files.release();
      this.#reader = new LogReader(this.#files, this.#classes, this.#hooks);
    });
  }

  /** Puts on the disk what was appended, so that not even a loss of power takes it. */
  sync(): Promise<void> {
    return this.#next(async () => {
      for (const name of [...this.#unsynced]) {
        await this.#files.sync(name);
        this.#unsynced.delete(name);
      }
    });
  }

  close(): Promise<void> {
    return this.#next(() => this.#files.release());
  }

  async #append(entries: readonly QueueEntry[], losses: readonly TradeLoss[]): Promise<AppendResult> {
    await this.#cleanUp();
    const { rejected, victims, dropped, writes, lastSeq } = planAppend(this.#classes, entries, losses, {
      maxBytes: this.#options.maxBytes,
      segmentBytes: this.#segmentBytes,
      now: this.#options.now(),
      handedSeq: this.#handedSeq,
      lastSeq: this.#lastSeq,
    });
    for (const { segment, bytes } of writes) {
      this.#leftovers.set(segment.name, segment.bytes);
      await this.#files.write(segment.name, segment.bytes, bytes);
      this.#unsynced.add(segment.name);
    }
    this.#leftovers.clear();
    this.#lastSeq = lastSeq;
    for (const { segment, bytes, entries: own } of writes) {
      const segments = at(this.#classes, segment.priority);
      if (!segments.includes(segment)) segments.push(segment);
      segment.bytes += bytes.length;
      segment.lastSeq = Math.max(segment.lastSeq, own.at(-1)?.seq ?? segment.firstSeq);
      for (const entry of own) if (entry.seq > this.#handedSeq) segment.tally.add(entry);
    }
    // A file that cannot be removed holds nothing that counts: it is tried again with the next append.
    for (const victim of victims) await this.#remove(victim).catch(() => {});
    return { rejected, dropped };
  }

  async #remove(segment: Segment): Promise<void> {
    segment.dropped = true;
    const segments = at(this.#classes, segment.priority);
    if (segments.includes(segment)) segments.splice(segments.indexOf(segment), 1);
    this.#unsynced.delete(segment.name);
    this.#leftovers.set(segment.name, 0);
    await this.#files.remove(segment.name);
    this.#leftovers.delete(segment.name);
  }

  /** Cuts off what a failed append wrote: it must not be taken for records later. */
  async #cleanUp(): Promise<void> {
    for (const [name, bytes] of [...this.#leftovers]) {
      if (bytes === 0) await this.#files.remove(name);
      else await this.#files.truncate(name, bytes);
      this.#leftovers.delete(name);
    }
  }

  #all(): Segment[] {
    return this.#classes.flat();
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#work.then(work);
    this.#work = result.catch(() => {});
    return result;
  }
}
