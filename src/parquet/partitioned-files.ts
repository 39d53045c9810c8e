import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { type RowPlace, type RowReader, type RowValues, rowReader } from '../codec/row-reader.ts';
import type { RecordSchema } from '../codec/schema-files.ts';
import { getOrCreate } from '../domain/get-or-create.ts';
import { ParquetFile } from './parquet-file.ts';
import { type ParquetSchema, parquetSchema } from './parquet-schema.ts';

const SUFFIX = '.parquet';
const NO_BYTES = Buffer.alloc(0);
/** Bytes of encoded records at which a row group is written. As rows they take about ten times the memory. */
const ROW_GROUP_BYTES = 8 * 2 ** 20;
/** Maximum bytes of the buffers with encoded records that wait for their row groups, of all files together. */
const BUFFERED_BYTES = 48 * 2 ** 20;
const DAY_MS = 86_400_000;

/** Bounds the memory of the files that share it: it writes the largest buffer when all together are too large. */
export class RowBudget {
  readonly #files = new Set<PartitionFile>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes = BUFFERED_BYTES) {
    this.#maxBytes = maxBytes;
  }

  grew(file: PartitionFile, bytes: number): void {
    this.#files.add(file);
    this.#bytes += bytes;
    if (this.#bytes <= this.#maxBytes) return;
    let largest = file;
    for (const other of this.#files) if (other.bufferBytes > largest.bufferBytes) largest = other;
    largest.writeRowGroup();
  }

  freed(file: PartitionFile): void {
    if (this.#files.delete(file)) this.#bytes -= file.bufferBytes;
  }
}

/** The file of one symbol and day. Until it is complete, its name starts with a dot and ends in `.part`. */
class PartitionFile {
  readonly #path: string;
  readonly #part: string;
  readonly #file: ParquetFile;
  readonly #reader: RowReader;
  readonly #budget: RowBudget;
  #bytes = NO_BYTES;
  /** Where each record starts in `#bytes`. */
  #offsets: number[] = [];
  /** Where the last record ends in `#bytes`. */
  #end = 0;

  constructor(folder: string, name: string, schema: ParquetSchema, reader: RowReader, budget: RowBudget) {
    mkdirSync(folder, { recursive: true });
    this.#path = join(folder, name + SUFFIX);
    // Readers of a whole folder pass over names that start with a dot.
    this.#part = join(folder, `.${name}${SUFFIX}.part`);
    this.#file = new ParquetFile(this.#part, schema);
    this.#reader = reader;
    this.#budget = budget;
  }

  /** Size of the buffer. It may be up to twice the size of the records in it. */
  get bufferBytes(): number {
    return this.#bytes.length;
  }

  add(bytes: Buffer, from: number, end: number): void {
    const at = this.#end;
    const before = this.#bytes.length;
    this.#end = at + end - from;
    if (this.#end > before) {
      // A small buffer would share its memory with others, and keep it when they are freed.
      const wider = Buffer.allocUnsafeSlow(Math.max(2 * before, this.#end));
      this.#bytes.copy(wider, 0, 0, at);
      this.#bytes = wider;
    }
    bytes.copy(this.#bytes, at, from, end);
    this.#offsets.push(at);
    if (this.#bytes.length > before) this.#budget.grew(this, this.#bytes.length - before);
    if (this.#end >= ROW_GROUP_BYTES) this.writeRowGroup();
  }

  writeRowGroup(): void {
    if (this.#offsets.length > 0) this.#file.append(this.#rows());
    this.discard();
  }

  /** Forgets the records that wait for their row group. */
  discard(): void {
    this.#budget.freed(this);
    this.#bytes = NO_BYTES;
    this.#offsets = [];
    this.#end = 0;
  }

  *#rows(): Generator<RowValues> {
    for (const at of this.#offsets) yield this.#reader.row(this.#bytes, at);
  }

  finish(): void {
    this.writeRowGroup();
    this.#file.finish();
  }

  show(): void {
    renameSync(this.#part, this.#path);
  }
}

/**
 * Writes encoded records of one topic into a file for each symbol and day: FOLDER/symbol=BTCUSDT/date=2026-11-24/NAME.parquet.
 * The same records under the same name give the same files, so that a repeated conversion replaces the earlier one.
 */
export class PartitionedFiles {
  readonly #folder: string;
  readonly #name: string;
  readonly #schema: ParquetSchema;
  readonly #reader: RowReader;
  readonly #budget: RowBudget;
  readonly #files = new Map<string, PartitionFile>();

  /** @throws Error if the schema has a type that has no Parquet type, or no time */
  constructor(folder: string, name: string, schema: RecordSchema, budget: RowBudget) {
    this.#folder = folder;
    this.#name = name;
    this.#schema = parquetSchema(schema);
    this.#reader = rowReader(schema);
    this.#budget = budget;
  }

  /** Adds `count` encoded records. @throws Error if they are not whole, or the file system's error */
  add(bytes: Buffer, count: number): void {
    let at = 0;
    for (let done = 0; done < count; done++) {
      const { place, end } = this.#reader.place(bytes, at);
      const newFile = (partition: string) =>
        new PartitionFile(join(this.#folder, partition), this.#name, this.#schema, this.#reader, this.#budget);
      getOrCreate(this.#files, partitionOf(place), newFile).add(bytes, at, end);
      at = end;
    }
  }

  /** Completes all files, and then shows them under their names. @throws the file system's error */
  finish(): void {
    for (const file of this.#files.values()) file.finish();
    for (const file of this.#files.values()) file.show();
  }

  /** Frees the memory, if the files are not to be completed. */
  discard(): void {
    for (const file of this.#files.values()) file.discard();
  }
}

function partitionOf({ symbol, timeMs }: RowPlace): string {
  const date = `date=${getOrCreate(dates, Math.floor(timeMs / DAY_MS), dateOf)}`;
  return symbol === undefined ? date : `symbol=${encodeURIComponent(symbol)}/${date}`;
}

const dates = new Map<number, string>();
const LAST_DAY = Date.UTC(9999, 11, 31) / DAY_MS;

/** Writes a day since 1970 as 2026-11-24. A day that has no such form counts as the first or last one that has. */
const dateOf = (day: number): string =>
  new Date(Math.min(Math.max(day, 0), LAST_DAY) * DAY_MS).toISOString().slice(0, 10);
