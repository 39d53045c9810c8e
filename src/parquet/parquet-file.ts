import { closeSync, openSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { encodeColumn } from './column-chunk.ts';
import { footer, rowGroup } from './metadata.ts';
import type { ParquetSchema } from './parquet-schema.ts';

/** The first and the last bytes of each file. */
const MAGIC = Buffer.from('PAR1');

/**
 * Writes one Parquet file, row group by row group. It keeps no file open between two row groups, so that any number of
 * files may be written at the same time.
 */
export class ParquetFile {
  readonly #path: string;
  readonly #schema: ParquetSchema;
  readonly #rowGroups: Uint8Array[] = [];
  #rows = 0;
  /** Bytes in the file. */
  #size = 0;

  /** @param path a file there is replaced */
  constructor(path: string, schema: ParquetSchema) {
    this.#path = path;
    this.#schema = schema;
  }

  /** Writes the rows in the schema's columns as one row group. @throws the file system's error; then it can be repeated */
  append(rows: number): void {
    const parts: Uint8Array[] = [];
    let at = this.#size || MAGIC.length;
    const chunks = this.#schema.columns.map((column) => {
      const { parts: pages, chunk } = encodeColumn(column, rows, at);
      parts.push(...pages);
      at += chunk.compressed;
      return chunk;
    });
    this.#write(parts);
    this.#rowGroups.push(rowGroup(rows, chunks));
    this.#rows += rows;
  }

  /** Writes the footer, and synchronises the file to the disk. @throws the file system's error */
  async finish(): Promise<void> {
    const metadata = footer(this.#schema.elements, this.#rows, this.#rowGroups);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(metadata.length);
    this.#write([metadata, length, MAGIC]);
    const file = await open(this.#path, 'r+');
    try {
      // A write that failed may have left more bytes.
      await file.truncate(this.#size);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  #write(parts: readonly Uint8Array[]): void {
    const file = openSync(this.#path, this.#size === 0 ? 'w' : 'r+');
    try {
      const bytes = Buffer.concat(this.#size === 0 ? [MAGIC, ...parts] : parts);
      for (let done = 0; done < bytes.length; )
        done += writeSync(file, bytes, done, bytes.length - done, this.#size + done);
      this.#size += bytes.length;
    } finally {
      closeSync(file);
    }
  }
}
