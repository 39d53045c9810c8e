import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { zstdCompressSync } from 'node:zlib';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { integerOf, productOfBytes } from '../codec/decimal-bytes.ts';
import type { RowValues } from '../codec/row-reader.ts';
import { isDecimal, type ParquetSchema } from './parquet-schema.ts';

/** parquet-java ignores the statistics of text columns if it cannot read a version here. */
const CREATED_BY = 'market-feed version 1.0.0';

/** Bytes that the library writes when a file begins. */
const MAGIC_BYTES = 4;

/**
 * Writes one Parquet file, row group by row group. It keeps no file open between two row groups, so that any number of
 * files may be written at the same time.
 */
export class ParquetFile {
  readonly #path: string;
  readonly #schema: ParquetSchema;
  readonly #bytes = new ByteWriter(MAGIC_BYTES);
  readonly #parquet: ParquetWriter;
  #isCreated = false;

  /** @param path a file there is replaced */
  constructor(path: string, schema: ParquetSchema) {
    this.#path = path;
    this.#schema = schema;
    this.#parquet = new ParquetWriter({
      writer: this.#bytes,
      schema: [...schema.elements],
      codec: 'ZSTD',
      compressors: { ZSTD: (page) => zstdCompressSync(page) },
      createdBy: CREATED_BY,
    });
  }

  /** Writes the rows as one row group. @throws the file system's error; then the file is of no use */
  append(rows: Iterable<RowValues>): void {
    const columnData = this.#schema.columns.map((column) => ({
      ...column,
      data: [] as unknown[],
      // The library would compare the bytes of decimals without their sign.
      statistics: !column.hasDecimals,
      // Without an encoding, the library looks for the better one.
      ...(column.repeats ? {} : { encoding: 'PLAIN' as const }),
    }));
    let count = 0;
    for (const row of rows) {
      count++;
      for (const { name, isProduct, data } of columnData) data.push(isProduct ? priceTimesQuantity(row) : row[name]);
    }
    this.#parquet.write({ columnData, rowGroupSize: count });
    const chunks = this.#parquet.row_groups.at(-1)?.columns ?? [];
    for (const { name, data, statistics } of columnData) {
      const chunk = chunks.find(({ meta_data: about }) => about?.path_in_schema.join() === name);
      if (chunk?.meta_data !== undefined && !statistics) chunk.meta_data.statistics = decimalStatistics(data);
    }
    this.#write();
  }

  /** Writes the footer, and synchronises the file to the disk. @throws as `append` */
  finish(): void {
    // DuckDB knows decimals by this older form alone. While it writes rows, the library would refuse their bytes for it.
    this.#parquet.schema = this.#schema.elements.map((element) =>
      isDecimal(element) ? { ...element, converted_type: 'DECIMAL' } : element,
    );
    void this.#parquet.finish();
    this.#write({ synchronise: true });
  }

  #write({ synchronise = false } = {}): void {
    const file = openSync(this.#path, this.#isCreated ? 'a' : 'w');
    try {
      this.#isCreated = true;
      const bytes = this.#bytes.getBytes();
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
      if (synchronise) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    // The writer grows its buffer again. Until then, a file needs almost no memory.
    this.#bytes.buffer = new ArrayBuffer(0);
    this.#bytes.view = new DataView(this.#bytes.buffer);
    this.#bytes.index = 0;
  }
}

function priceTimesQuantity({ price, quantity }: RowValues): Uint8Array | undefined {
  return price instanceof Uint8Array && quantity instanceof Uint8Array ? productOfBytes(price, quantity) : undefined;
}

/** The sign is the highest bit: flipped, it makes negative numbers the smaller ones. */
const compareSigned = (a: Uint8Array, b: Uint8Array): number =>
  ((a[0] ?? 0) ^ 0x80) - ((b[0] ?? 0) ^ 0x80) || Buffer.compare(a, b);

function decimalStatistics(values: readonly unknown[]) {
  let min: Uint8Array | undefined;
  let max: Uint8Array | undefined;
  let nulls = 0;
  for (const value of values) {
    if (!(value instanceof Uint8Array)) {
      nulls++;
      continue;
    }
    if (min === undefined || compareSigned(value, min) < 0) min = value;
    if (max === undefined || compareSigned(value, max) > 0) max = value;
  }
  const bounds = min && max ? { min_value: integerOf(min), max_value: integerOf(max) } : {};
  return { null_count: BigInt(nulls), ...bounds };
}
