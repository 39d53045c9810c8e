import { DECIMAL_PRECISION, DECIMAL_SCALE } from '../domain/decimal.ts';
import type { Bounds } from './bounds.ts';
import { type ColumnType, DECIMAL_BYTES, type StoredType } from './column.ts';
import type { LogicalType, Repetition, SchemaElement } from './parquet-schema.ts';
import { ThriftStruct } from './thrift.ts';

/*
 * The structs of a Parquet file, and the numbers of their fields: parquet.thrift in the repository apache/parquet-format.
 */

/** parquet-java ignores the statistics of text columns if it cannot read a version here. */
const CREATED_BY = 'market-feed version 1.0.0';
const FORMAT_VERSION = 2;
const ZSTD = 6;
const DICTIONARY_PAGE = 2;
const DATA_PAGE_V2 = 3;
const ENCODINGS = { PLAIN: 0, RLE: 3, RLE_DICTIONARY: 8 };
type Encoding = 'PLAIN' | 'RLE_DICTIONARY';

const STORED: Readonly<Record<StoredType, number>> = {
  BOOLEAN: 0,
  INT32: 1,
  INT64: 2,
  DOUBLE: 5,
  BYTE_ARRAY: 6,
  FIXED_LEN_BYTE_ARRAY: 7,
};
const REPETITIONS: Readonly<Record<Repetition, number>> = { REQUIRED: 0, OPTIONAL: 1, REPEATED: 2 };
/** The older form of the logical types. DuckDB knows decimals by it alone. */
const CONVERTED: Readonly<Record<LogicalType, number>> = { STRING: 0, MAP: 1, LIST: 3, DECIMAL: 5, TIMESTAMP: 10 };

const struct = (): ThriftStruct => new ThriftStruct();

function logicalType(type: LogicalType): ThriftStruct {
  switch (type) {
    case 'STRING':
      return struct().struct(1, struct());
    case 'MAP':
      return struct().struct(2, struct());
    case 'LIST':
      return struct().struct(3, struct());
    case 'DECIMAL':
      return struct().struct(5, struct().i32(1, DECIMAL_SCALE).i32(2, DECIMAL_PRECISION));
    case 'TIMESTAMP': {
      const micros = struct().struct(2, struct());
      // In UTC.
      return struct().struct(8, struct().boolean(1, true).struct(2, micros));
    }
  }
}

function schemaElement({ name, stored, repetition, children, logical }: SchemaElement): Uint8Array {
  const element = struct();
  if (stored !== undefined) element.i32(1, STORED[stored]);
  if (stored === 'FIXED_LEN_BYTE_ARRAY') element.i32(2, DECIMAL_BYTES);
  if (repetition !== undefined) element.i32(3, REPETITIONS[repetition]);
  element.binary(4, name);
  if (children !== undefined) element.i32(5, children);
  if (logical !== undefined) {
    element.i32(6, CONVERTED[logical]);
    if (logical === 'DECIMAL') element.i32(7, DECIMAL_SCALE).i32(8, DECIMAL_PRECISION);
    element.struct(10, logicalType(logical));
  }
  return element.toBytes();
}

/** Bytes of one or more pages, before and after the compression. */
export interface PageSize {
  readonly uncompressed: number;
  readonly compressed: number;
}

/** @param size of the page without its header */
export function dictionaryPageHeader(count: number, size: PageSize): Uint8Array {
  const { uncompressed, compressed } = size;
  const dictionary = struct().i32(1, count).i32(2, ENCODINGS.PLAIN);
  return struct().i32(1, DICTIONARY_PAGE).i32(2, uncompressed).i32(3, compressed).struct(7, dictionary).toBytes();
}

/** A page of values. Its size is without the header. */
export interface DataPage extends PageSize {
  /** Number of values, nulls included. */
  readonly values: number;
  readonly nulls: number;
  readonly rows: number;
  readonly encoding: Encoding;
  readonly definitionBytes: number;
  readonly repetitionBytes: number;
  readonly isCompressed: boolean;
}

export function dataPageHeader(page: DataPage): Uint8Array {
  const data = struct()
    .i32(1, page.values)
    .i32(2, page.nulls)
    .i32(3, page.rows)
    .i32(4, ENCODINGS[page.encoding])
    .i32(5, page.definitionBytes)
    .i32(6, page.repetitionBytes)
    .boolean(7, page.isCompressed);
  const { uncompressed, compressed } = page;
  return struct().i32(1, DATA_PAGE_V2).i32(2, uncompressed).i32(3, compressed).struct(8, data).toBytes();
}

/** The pages of a column in a row group. Their size includes the headers. */
export interface Chunk extends PageSize {
  readonly type: ColumnType;
  /** Number of values, nulls included. */
  readonly values: number;
  readonly nulls: number;
  readonly bounds: Bounds | undefined;
  /** Offset of the dictionary's page in the file; undefined: there is none. */
  readonly dictionaryAt: number | undefined;
  readonly dataAt: number;
}

function columnChunk(chunk: Chunk): Uint8Array {
  const { type, values, nulls, bounds, dictionaryAt, dataAt } = chunk;
  const statistics = struct().i64(3, nulls);
  if (bounds !== undefined) statistics.binary(5, bounds.max).binary(6, bounds.min);
  const used = [ENCODINGS.RLE, ENCODINGS.PLAIN, ENCODINGS.RLE_DICTIONARY];
  const metadata = struct()
    .i32(1, STORED[type.stored])
    .i32s(2, dictionaryAt === undefined ? used.slice(0, 2) : used)
    .texts(3, type.path)
    .i32(4, ZSTD)
    .i64(5, values)
    .i64(6, chunk.uncompressed)
    .i64(7, chunk.compressed)
    .i64(9, dataAt);
  if (dictionaryAt !== undefined) metadata.i64(11, dictionaryAt);
  metadata.struct(12, statistics);
  // Field 2 is deprecated and required: 0, by the specification.
  return struct().i64(2, 0).struct(3, metadata).toBytes();
}

/** Returns the metadata of a row group for the footer. */
export function rowGroup(rows: number, chunks: readonly Chunk[]): Uint8Array {
  const uncompressed = chunks.reduce((sum, chunk) => sum + chunk.uncompressed, 0);
  return struct().structs(1, chunks.map(columnChunk)).i64(2, uncompressed).i64(3, rows).toBytes();
}

/** Returns what comes after the last row group, except the 8 bytes at the end of the file. */
export function footer(elements: readonly SchemaElement[], rows: number, rowGroups: readonly Uint8Array[]): Uint8Array {
  // The bounds are by the order of the columns' types.
  const order = struct().struct(1, struct()).toBytes();
  const columns = elements.filter(({ stored }) => stored !== undefined);
  return struct()
    .i32(1, FORMAT_VERSION)
    .structs(2, elements.map(schemaElement))
    .i64(3, rows)
    .structs(4, rowGroups)
    .binary(6, CREATED_BY)
    .structs(
      7,
      columns.map(() => order),
    )
    .toBytes();
}
