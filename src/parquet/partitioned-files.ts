import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordSchema } from '../codec/schema-files.ts';
import { getOrCreate } from '../domain/get-or-create.ts';
import { AvroInput } from './avro-input.ts';
import { ParquetFile } from './parquet-file.ts';
import { ParquetSchema } from './parquet-schema.ts';
import { PlaceReader } from './place-reader.ts';

const SUFFIX = '.parquet';
const NO_BYTES = Buffer.alloc(0);
/**
 * Bytes of encoded records at which a row group is written; in columns they take about as much again. Some 20,000 trades
 * are enough for fast queries. With larger row groups, more work is left for the time when the files are completed.
 */
const ROW_GROUP_BYTES = 2 * 2 ** 20;
/** Maximum bytes of the buffers with encoded records that wait for their row groups, of all files together. */
const BUFFERED_BYTES = 48 * 2 ** 20;
/** How many files are open at the same time while they are completed. */
const FINISHED_AT_ONCE = 16;
const DAY_MS = 86_400_000;

/** Bounds the memory of the files that share it: it writes the largest buffer when all together are too large. */
export class RowBudget {
  readonly #files = new Set<PartitionFile>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes = BUFFERED_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Takes note that a file's buffer grew. @throws Error if this file is written and cannot be */
  grew(file: PartitionFile, bytes: number): void {
    this.#files.add(file);
    this.#bytes += bytes;
    if (this.#bytes <= this.#maxBytes) return;
    let largest = file;
    for (const other of this.#files) if (other.bufferBytes > largest.bufferBytes) largest = other;
    if (largest !== file) {
      try {
        largest.writeRowGroup();
      } catch {
        // It may belong to another topic. Its own next write reports the error.
      }
    }
    if (this.#bytes > this.#maxBytes) file.writeRowGroup();
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
  readonly #schema: ParquetSchema;
  readonly #budget: RowBudget;
  #bytes = NO_BYTES;
  /** Number of records in `#bytes`. */
  #count = 0;
  /** Where the last record ends in `#bytes`. */
  #end = 0;

  constructor(folder: string, name: string, schema: ParquetSchema, budget: RowBudget) {
    mkdirSync(folder, { recursive: true });
    this.#path = join(folder, name + SUFFIX);
    // Readers of a whole folder pass over names that start with a dot.
    this.#part = join(folder, `.${name}${SUFFIX}.part`);
    this.#file = new ParquetFile(this.#part, schema);
    this.#schema = schema;
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
    this.#count++;
    if (this.#bytes.length > before) this.#budget.grew(this, this.#bytes.length - before);
    if (this.#end >= ROW_GROUP_BYTES) this.writeRowGroup();
  }

  writeRowGroup(): void {
    const { record, columns } = this.#schema;
    const input = new AvroInput(this.#bytes);
    try {
      for (let row = 0; row < this.#count; row++) record.read(input, 0);
      if (this.#count > 0) this.#file.append(this.#count);
    } finally {
      for (const column of columns) column.clear();
    }
    this.discard();
  }

  /** Forgets the records that wait for their row group. */
  discard(): void {
    this.#budget.freed(this);
    this.#bytes = NO_BYTES;
    this.#count = 0;
    this.#end = 0;
  }

  async finish(): Promise<void> {
    this.writeRowGroup();
    await this.#file.finish();
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
  readonly #places: PlaceReader;
  readonly #budget: RowBudget;
  readonly #files = new Map<string, PartitionFile>();
  /** The last file of each symbol. */
  readonly #latest = new Map<string | undefined, { readonly day: number; readonly file: PartitionFile }>();

  /** @throws Error if the schema has a type that has no Parquet type, or no time */
  constructor(folder: string, name: string, schema: RecordSchema, budget: RowBudget) {
    this.#folder = folder;
    this.#name = name;
    this.#schema = new ParquetSchema(schema);
    this.#places = new PlaceReader(schema, this.#schema.fields);
    this.#budget = budget;
  }

  /** Adds `count` encoded records. @throws Error if they are not whole, or the file system's error */
  add(bytes: Buffer, count: number): void {
    const input = new AvroInput(bytes);
    for (let done = 0; done < count; done++) {
      const from = input.at;
      const { symbol, timeMs } = this.#places.read(input);
      this.#fileOf(symbol, Math.floor(timeMs / DAY_MS)).add(bytes, from, input.at);
    }
  }

  #fileOf(symbol: string | undefined, day: number): PartitionFile {
    const latest = this.#latest.get(symbol);
    if (latest?.day === day) return latest.file;
    const file = getOrCreate(
      this.#files,
      partitionOf(symbol, day),
      (partition) => new PartitionFile(join(this.#folder, partition), this.#name, this.#schema, this.#budget),
    );
    this.#latest.set(symbol, { day, file });
    return file;
  }

  /** Completes all files, and then shows them under their names. @throws the file system's error */
  async finish(): Promise<void> {
    const files = [...this.#files.values()];
    // The disk synchronises some files while others are encoded.
    for (let at = 0; at < files.length; at += FINISHED_AT_ONCE)
      await Promise.all(files.slice(at, at + FINISHED_AT_ONCE).map((file) => file.finish()));
    for (const file of files) file.show();
  }

  /** Frees the memory, if the files are not to be completed. */
  discard(): void {
    for (const file of this.#files.values()) file.discard();
  }
}

function partitionOf(symbol: string | undefined, day: number): string {
  const date = `date=${dateOf(day)}`;
  return symbol === undefined ? date : `symbol=${folderText(symbol)}/${date}`;
}

/** Characters that Hive escapes in the names of folders, besides the control characters below the space. */
const ESCAPED = '"#%\'*/:=?\\{[]^\x7f';

/** Escapes a text as Hive does. Some engines decode no other characters. */
const folderText = (text: string): string =>
  Array.from(text, (character) =>
    character < ' ' || ESCAPED.includes(character) ? escaped(character) : character,
  ).join('');

const escaped = (character: string): string =>
  `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

const LAST_DAY = Date.UTC(9999, 11, 31) / DAY_MS;

/** Writes a day since 1970 as 2026-11-24. A day that has no such form counts as the first or last one that has. */
const dateOf = (day: number): string =>
  new Date(Math.min(Math.max(day, 0), LAST_DAY) * DAY_MS).toISOString().slice(0, 10);
