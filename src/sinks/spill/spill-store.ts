import { setImmediate as turn } from 'node:timers/promises';
import { asFault, Fault } from '../../domain/fault.ts';
import type { OutRecord } from '../contract.ts';
import { DROPPED_LAST, TRADES } from '../queue/drop-priority.ts';
import { lossesOf, type TradeLoss } from '../queue/pending-losses.ts';
import type { QueueEntry } from '../queue/sink-queue.ts';
import { isUnreadable, SpillDatabase, type SpilledRow, type SpillMark } from './spill-database.ts';
import type { SpillDisk } from './spill-disk.ts';

export interface SpillStoreOptions {
  readonly maxBytes: number;
  /** Returns the monotonic clock's time, milliseconds. */
  readonly now: () => number;
  /** Called for unreadable records up to sequence number `seq`; `hasTrades`: trades may be among them. */
  readonly onBreak: (seq: number, hasTrades: boolean) => void;
}

export interface AppendResult {
  /** Records that cannot be encoded. */
  readonly rejected: readonly { readonly out: OutRecord; readonly fault: Fault }[];
  /** The number of records dropped to make room, by topic. */
  readonly dropped: ReadonlyMap<string, number>;
  /** The dropped trades. */
  readonly losses: readonly TradeLoss[];
}

/**
 * Number of records that a scan reads, in some tens of milliseconds, before other work gets a turn of the event loop.
 */
const SCAN_AT_ONCE = 4096;
const DROP_AT_ONCE = 1000;

/** A bounded queue of records on disk. Each change is synchronous, and done wholly or not at all. */
export class SpillStore {
  readonly #disk: SpillDisk;
  readonly #options: SpillStoreOptions;
  #database: SpillDatabase | undefined;
  /** True if all records are settled, but the database could not be removed. */
  #isOver = false;
  #isWanted: (entry: QueueEntry) => boolean = () => true;
  /** When the database was created or found, by the monotonic clock, milliseconds; undefined: there is none. */
  since: number | undefined;
  lastSeq = 0;
  /** Records up to this sequence number are settled: delivered, rejected or dropped. */
  settledSeq = 0;
  /** Records up to this sequence number need not be read: they were read back, or memory still has them. */
  readSeq = 0;
  /** Number of records that have not been read back yet. */
  unread = 0;

  constructor(disk: SpillDisk, options: SpillStoreOptions) {
    this.#disk = disk;
    this.#options = options;
  }

  /** Locks the disk for this process, until `release`. @throws FolderInUse, or another Fault if the disk is unusable */
  lock(): void {
    this.#disk.lock();
  }

  get bytes(): number {
    return this.#database?.bytes ?? 0;
  }

  get isThere(): boolean {
    return this.#database !== undefined || this.#isOver;
  }

  /** Opens the database of a previous process. Returns its topics, how far the sink got, and its losses. */
  recover(): { readonly topics: readonly string[]; readonly mark: SpillMark; readonly losses: readonly TradeLoss[] } {
    if (!this.#disk.exists()) return { topics: [], mark: { settledSeq: 0, handedSeq: 0 }, losses: [] };
    const database = this.#open();
    this.lastSeq = database.lastSeq();
    const mark = database.mark();
    this.settledSeq = Math.min(mark.settledSeq, this.lastSeq);
    this.readSeq = this.settledSeq;
    return { topics: database.topics(), mark, losses: database.losses() };
  }

  /** Limits `read` to the wanted records; `count` is their number. */
  want(isWanted: (entry: QueueEntry) => boolean, count: number): void {
    this.#isWanted = isWanted;
    this.unread = count;
  }

  /** Passes all unsettled records to `each`, in order, until it returns false. They do not count as read. */
  async scan(each: (entry: QueueEntry) => boolean, onBreak: SpillStoreOptions['onBreak'] = () => {}): Promise<void> {
    for (let from = this.settledSeq; ; await turn()) {
      const { entries, end } = this.#entriesAfter(from, SCAN_AT_ONCE, onBreak);
      if (!entries.every(each) || end === undefined) return;
      from = end;
    }
  }

  /** Reads the next records, at most `max`; an empty array means that none are left. */
  read(max: number): readonly QueueEntry[] {
    for (;;) {
      const { entries, end } = this.#entriesAfter(this.readSeq, max, this.#options.onBreak);
      if (end === undefined) {
        this.unread = 0;
        return [];
      }
      this.readSeq = end;
      const wanted = entries.filter(this.#isWanted);
      this.unread -= wanted.length;
      if (wanted.length > 0) return wanted;
    }
  }

  /**
   * Appends records and losses. @throws SQLite's error, or a Fault if the limit is reached and no more records may be
   * dropped
   */
  append(entries: readonly QueueEntry[], losses: readonly TradeLoss[]): AppendResult {
    const database = this.#open();
    const rejected: { out: OutRecord; fault: Fault }[] = [];
    const rows = entries.flatMap((entry) => {
      try {
        return database.rowOf(entry);
      } catch (error) {
        rejected.push({ out: entry.out, fault: asFault(error) });
        return [];
      }
    });
    const { dropped, lost } = database.transaction(() => {
      database.insert(rows);
      for (const loss of losses) database.addLoss(`memory ${loss.seq}`, loss);
      return this.#makeRoom(database);
    });
    this.lastSeq = Math.max(this.lastSeq, entries.at(-1)?.seq ?? 0);
    const added = rows.filter(({ seq }) => seq > this.readSeq).length;
    const gone = [...dropped.values()].reduce((sum, count) => sum + count, 0);
    this.unread += added - gone;
    return { rejected, dropped, losses: lost };
  }

  /** Removes all records up to `seq`. */
  settle(seq: number): void {
    if (seq <= this.settledSeq || this.#database === undefined) return;
    this.settledSeq = seq;
    try {
      this.#database.delete(seq);
    } catch (error) {
      // Records in an unreadable database are removed together with it.
      if (!isUnreadable(error)) throw error;
    }
  }

  saveMark(mark: SpillMark): void {
    this.#open().saveMark(mark);
  }

  /** Removes the database. All records have to be settled. */
  clear(): void {
    if (!this.isThere) return;
    this.#isOver = true;
    this.settledSeq = this.lastSeq;
    this.unread = 0;
    this.since = undefined;
    this.close();
    this.#disk.remove();
    this.#isOver = false;
  }

  sync(): void {
    this.#database?.sync();
  }

  /** Closes the database and unlocks the disk. */
  release(): void {
    try {
      this.close();
    } finally {
      this.#disk.unlock();
    }
  }

  close(): void {
    this.#database?.close();
    this.#database = undefined;
  }

  #open(): SpillDatabase {
    if (this.#isOver) this.clear();
    this.#database ??= new SpillDatabase(this.#disk.open());
    this.since ??= this.#options.now();
    return this.#database;
  }

  /** Drops the oldest records of the lowest drop priority, until the database fits into `maxBytes`. */
  #makeRoom(database: SpillDatabase): { readonly dropped: ReadonlyMap<string, number>; readonly lost: TradeLoss[] } {
    const { maxBytes } = this.#options;
    const dropped = new Map<string, number>();
    const lost: TradeLoss[] = [];
    while (database.bytes > maxBytes) {
      const rows = database.lowestPriority(DROP_AT_ONCE);
      const last = rows.at(-1);
      if (last === undefined || last.priority === DROPPED_LAST)
        throw new Fault('sink', `spill: its limit of ${maxBytes} bytes is reached`);
      database.delete(last.seq, [last.priority]);
      const entries = rows
        .filter(({ seq }) => seq > this.readSeq)
        .flatMap((row) => database.entryOf(row) ?? [])
        .filter(this.#isWanted);
      for (const { out } of entries) dropped.set(out.topic, (dropped.get(out.topic) ?? 0) + 1);
      const losses = lossesOf(entries);
      for (const loss of losses) database.addLoss(`disk ${this.readSeq}`, loss);
      lost.push(...losses);
    }
    return { dropped, lost };
  }

  /**
   * Reads rows after sequence number `from`, and returns the readable records. `end` is the last row's number;
   * undefined: no row is left.
   */
  #entriesAfter(
    from: number,
    max: number,
    onBreak: SpillStoreOptions['onBreak'],
  ): { readonly entries: readonly QueueEntry[]; readonly end: number | undefined } {
    const database = this.#database;
    if (database === undefined) return { entries: [], end: undefined };
    const rows = this.#rowsAfter(database, from, max, onBreak);
    const entries: QueueEntry[] = [];
    for (const row of rows) {
      const entry = database.entryOf(row);
      if (entry === undefined) onBreak(row.seq, row.priority >= TRADES);
      else entries.push(entry);
    }
    return { entries, end: rows.at(-1)?.seq };
  }

  /** Skips an unreadable page in ever larger steps. */
  #rowsAfter(
    database: SpillDatabase,
    from: number,
    max: number,
    onBreak: SpillStoreOptions['onBreak'],
  ): readonly SpilledRow[] {
    for (let step = 0; ; step = 2 * step + 1) {
      if (from + step > this.lastSeq && step > 0) {
        onBreak(this.lastSeq, true);
        return [];
      }
      try {
        const rows = database.rowsAfter(from + step, max);
        if (step > 0) onBreak(from + step, true);
        return rows;
      } catch (error) {
        if (!isUnreadable(error)) throw error;
      }
    }
  }
}
