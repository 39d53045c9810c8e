import type { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { codecOf, type RecordReader, readerOf } from '../../codec/avro.ts';
import { SCHEMA_TOPICS } from '../../codec/topics.ts';
import { asFault, Fault } from '../../domain/fault.ts';
import type { RecordKind } from '../../domain/record.ts';
import { DROPPED_LAST, dropPriorityOf } from '../queue/drop-priority.ts';
import { seriesOf, type TradeLoss } from '../queue/pending-losses.ts';
import type { QueueEntry } from '../queue/sink-queue.ts';

/** How far the sink got with the spilled records. */
export interface SpillMark {
  /** All records up to this sequence number are settled: delivered, rejected or dropped. */
  readonly settledSeq: number;
  /** No record above this sequence number was ever sent; infinite if unknown. */
  readonly handedSeq: number;
}

/** A row of the database. */
export interface SpilledRow {
  readonly seq: number;
  readonly priority: number;
  readonly barrier: number;
  /** Id of the body's schema. */
  readonly schema: number;
  readonly topic: string;
  readonly key: string;
  /** CRC-32 of topic, key and body: SQLite has no checksum of its own. */
  readonly crc: number;
  readonly body: Uint8Array;
}

const VERSION = 3;
/** Rows are sorted by drop priority, so that dropping rows of the lowest priority frees whole pages. */
const TABLES = `
  CREATE TABLE writer_schema (id INTEGER PRIMARY KEY, json TEXT UNIQUE);
  CREATE TABLE record (
    priority INTEGER, seq REAL, barrier INTEGER, schema INTEGER, topic TEXT, key TEXT, crc INTEGER, body BLOB,
    PRIMARY KEY (priority, seq)
  ) WITHOUT ROWID;
  CREATE TABLE topic (name TEXT PRIMARY KEY);
  CREATE TABLE loss (series TEXT, stretch TEXT, seq REAL, json TEXT, PRIMARY KEY (series, stretch));
  CREATE TABLE mark (one INTEGER PRIMARY KEY, settled REAL, handed REAL);
  PRAGMA user_version = ${VERSION};
`;
const PRIORITIES = Array.from({ length: DROPPED_LAST + 1 }, (_, priority) => priority);
/** Joins one query for each drop priority, so that SQLite can use the primary key. */
const ofEach = (query: string): string =>
  PRIORITIES.map((priority) => query.replace('?', `${priority}`)).join(' UNION ALL ');
const IN_ORDER = `${ofEach('SELECT * FROM record WHERE priority = ? AND seq > :from')} ORDER BY seq LIMIT :max`;
const LAST_SEQ = `SELECT max(last) AS last FROM (
  ${ofEach('SELECT max(seq) AS last FROM record WHERE priority = ?')} UNION ALL SELECT max(seq) FROM loss
)`;

/** The tables of a spill: records, losses, and how far the sink got. */
export class SpillDatabase {
  readonly #database: DatabaseSync;
  /** Readers by schema id. */
  readonly #readers = new Map<number, RecordReader>();
  readonly #ids = new Map<RecordKind, number>();

  /** @throws Fault with retry `never` if the database has another version, or a schema in it cannot be read */
  constructor(database: DatabaseSync) {
    this.#database = database;
    const version = this.#number('PRAGMA user_version', 'user_version');
    if (version !== 0 && version !== VERSION) {
      const message = `spill: ${database.location() ?? ''} was written by another version (${version}): deliver it with that version, or move it away`;
      throw new Fault('sink', message, { retry: { kind: 'never' } });
    }
    if (version === 0) this.transaction(() => database.exec(TABLES));
    this.#learnSchemas();
  }

  transaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Makes the row of a record. @throws Fault of kind `encode` if the record does not fit its schema */
  rowOf({ seq, barrier, out: { topic, key, record } }: QueueEntry): SpilledRow {
    const body = codecOf(record.kind).encode(record);
    const schema = this.#ids.get(record.kind) ?? 0;
    const crc = crc32(body, crc32(topic + key));
    return { seq, priority: dropPriorityOf(record), barrier: barrier ? 1 : 0, schema, topic, key, crc, body };
  }

  insert(rows: readonly SpilledRow[]): void {
    const insert = this.#database.prepare('INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
    for (const { priority, seq, barrier, schema, topic, key, crc, body } of rows)
      insert.run(priority, seq, barrier, schema, topic, key, crc, body);
    const name = this.#database.prepare('INSERT OR IGNORE INTO topic VALUES (?)');
    for (const topic of new Set(rows.map((row) => row.topic))) name.run(topic);
  }

  /**
   * Reads the rows after sequence number `from`, in order, up to an unreadable page. Throws only if it can read no row.
   */
  rowsAfter(from: number, max: number): SpilledRow[] {
    const rows: SpilledRow[] = [];
    try {
      for (const row of this.#database.prepare(IN_ORDER).iterate({ from, max }))
        rows.push(row as unknown as SpilledRow); // as the table has it
    } catch (error) {
      if (rows.length === 0) throw error;
    }
    return rows;
  }

  /** The first rows of the lowest drop priority. */
  lowestPriority(max: number): SpilledRow[] {
    const rows = this.#database.prepare('SELECT * FROM record ORDER BY priority, seq LIMIT ?').all(max);
    const all = rows as unknown as SpilledRow[]; // as the table has it
    return all.filter(({ priority }) => priority === all[0]?.priority);
  }

  /** Deletes the rows up to a sequence number, of all or only of the given drop priorities. */
  delete(seq: number, priorities: readonly number[] = PRIORITIES): void {
    this.#database.exec(`DELETE FROM record WHERE priority IN (${priorities.join()}) AND seq <= ${seq}`);
  }

  /** The record in a row; undefined if it is unreadable. */
  entryOf({ seq, barrier, schema, topic, key, crc, body }: SpilledRow): QueueEntry | undefined {
    const reader = this.#readers.get(schema);
    if (reader === undefined || crc32(body, crc32(topic + key)) !== crc) return undefined;
    try {
      return { seq, barrier: barrier === 1, out: { topic, key, record: reader.read(body, 0).record } };
    } catch (error) {
      if (asFault(error).kind !== 'malformed') throw error;
      return undefined;
    }
  }

  /** The topics of all records that the database ever had. */
  topics(): readonly string[] {
    const rows = this.#database.prepare('SELECT name FROM topic').all();
    return rows.map(({ name }) => String(name));
  }

  /** The highest sequence number of a record or loss; 0: there is none. */
  lastSeq(): number {
    return this.#number(LAST_SEQ, 'last');
  }

  /** Adds a loss to the known loss of the same series and stretch: no record lies between. So rows stay few. */
  addLoss(stretch: string, loss: TradeLoss): void {
    const series = seriesOf(loss, loss);
    const found = this.#database.prepare('SELECT json FROM loss WHERE series = ? AND stretch = ?').get(series, stretch);
    const known: TradeLoss | undefined = found && JSON.parse(String(found.json));
    const isSure = known?.missing !== null && loss.missing !== null;
    const missing = isSure ? (known?.missing ?? 0) + (loss.missing ?? 0) : null;
    const json = JSON.stringify({ ...loss, missing, firstTime: known?.firstTime ?? loss.firstTime });
    this.#database.prepare('INSERT OR REPLACE INTO loss VALUES (?, ?, ?, ?)').run(series, stretch, loss.seq, json);
  }

  losses(): readonly TradeLoss[] {
    const rows = this.#database.prepare('SELECT json FROM loss ORDER BY seq').all();
    return rows.map(({ json }): TradeLoss => JSON.parse(String(json)));
  }

  mark(): SpillMark {
    const found = this.#database.prepare('SELECT settled, handed FROM mark').get();
    if (found === undefined) return { settledSeq: 0, handedSeq: Number.POSITIVE_INFINITY };
    return { settledSeq: Number(found.settled), handedSeq: Number(found.handed) };
  }

  saveMark({ settledSeq, handedSeq }: SpillMark): void {
    this.#database.prepare('INSERT OR REPLACE INTO mark VALUES (1, ?, ?)').run(settledSeq, handedSeq);
  }

  /** Bytes in use, without free pages. */
  get bytes(): number {
    const pages = this.#number('PRAGMA page_count', 'page_count');
    const free = this.#number('PRAGMA freelist_count', 'freelist_count');
    return (pages - free) * this.#number('PRAGMA page_size', 'page_size');
  }

  /** Makes committed rows survive a power loss. */
  sync(): void {
    this.#database.exec('PRAGMA wal_checkpoint(FULL)');
  }

  close(): void {
    this.#database.close();
  }

  #learnSchemas(): void {
    const add = this.#database.prepare('INSERT OR IGNORE INTO writer_schema (json) VALUES (?)');
    this.transaction(() => {
      for (const { kind } of SCHEMA_TOPICS) add.run(codecOf(kind).schemaJson);
    });
    const own = new Map(SCHEMA_TOPICS.map(({ kind }) => [codecOf(kind).schemaJson, kind]));
    for (const { id, json } of this.#database.prepare('SELECT id, json FROM writer_schema').all()) {
      const kind = own.get(String(json));
      if (kind !== undefined) this.#ids.set(kind, Number(id));
      this.#readers.set(Number(id), readerOf(String(json)));
    }
  }

  #number(sql: string, column: string): number {
    return Number(this.#database.prepare(sql).get()?.[column] ?? 0);
  }
}

const SQLITE_CORRUPT = 11;

/** True if a page of the database is unreadable; others may be readable. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && Number(error.errcode) % 256 === SQLITE_CORRUPT;
}
