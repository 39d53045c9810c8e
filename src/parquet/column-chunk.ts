import { constants, zstdCompressSync } from 'node:zlib';
import { boundsOf } from './bounds.ts';
import type { Column, Levels } from './column.ts';
import { type Dictionary, dictionaryOf } from './dictionary.ts';
import { type Chunk, dataPageHeader, dictionaryPageHeader, type PageSize } from './metadata.ts';
import type { PlainValues } from './plain-values.ts';
import { bitPacked, bitsOf, runLengthEncoded } from './run-length.ts';

/** The lowest level: higher ones take more time, and hardly make the pages smaller. */
const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** A smaller page stays uncompressed: zstd would save a few bytes at most. */
const MIN_COMPRESSED_BYTES = 64;

/** A page as it is in the file. Its size includes the header. */
interface Page extends PageSize {
  /** The bytes in the file, one after the other. */
  readonly parts: readonly Uint8Array[];
}

/**
 * Encodes a column of a row group: a page with its dictionary, if it has one, and a page with all its values.
 * @param offset where the first page begins in the file
 */
export function encodeColumn(column: Column, rows: number, offset: number): { parts: Uint8Array[]; chunk: Chunk } {
  const { type } = column;
  const dictionary = type.repeats && column.count > 0 ? dictionaryOf(column) : undefined;
  const first = dictionary === undefined ? undefined : dictionaryPage(dictionary.values);
  const data = dataPage(column, rows, dictionary);
  const chunk: Chunk = {
    type,
    values: valuesOf(column),
    nulls: valuesOf(column) - column.count,
    bounds: type.path.length === 1 ? boundsOf(dictionary?.values ?? column, type.stored) : undefined,
    uncompressed: (first?.uncompressed ?? 0) + data.uncompressed,
    compressed: (first?.compressed ?? 0) + data.compressed,
    dictionaryAt: first === undefined ? undefined : offset,
    dataAt: offset + (first?.compressed ?? 0),
  };
  return { parts: [...(first?.parts ?? []), ...data.parts], chunk };
}

/** Number of a column's values, nulls included. */
const valuesOf = ({ type, definitions, count }: Column): number => (type.maxDefinition > 0 ? definitions.count : count);

function dictionaryPage({ bytes, count }: PlainValues): Page {
  const compressed = zstdCompressSync(bytes, COMPRESSION);
  return page(
    dictionaryPageHeader(count, { uncompressed: bytes.length, compressed: compressed.length }),
    [compressed],
    bytes.length,
  );
}

function dataPage(column: Column, rows: number, dictionary: Dictionary | undefined): Page {
  const { type, count } = column;
  const repetitions = encodeLevels(column.repetitions, type.maxRepetition);
  const definitions = encodeLevels(column.definitions, type.maxDefinition);
  const plain = dictionary === undefined ? plainBytes(column) : encodeIndexes(dictionary);
  const isCompressed = plain.length >= MIN_COMPRESSED_BYTES;
  const data = isCompressed ? zstdCompressSync(plain, COMPRESSION) : plain;
  const levels = repetitions.length + definitions.length;
  const values = valuesOf(column);
  const header = dataPageHeader({
    values,
    nulls: values - count,
    rows,
    encoding: dictionary === undefined ? 'PLAIN' : 'RLE_DICTIONARY',
    definitionBytes: definitions.length,
    repetitionBytes: repetitions.length,
    isCompressed,
    uncompressed: levels + plain.length,
    compressed: levels + data.length,
  });
  return page(header, [repetitions, definitions, data], levels + plain.length);
}

const page = (header: Uint8Array, body: readonly Uint8Array[], uncompressed: number): Page => ({
  parts: [header, ...body],
  uncompressed: header.length + uncompressed,
  compressed: body.reduce((sum, part) => sum + part.length, header.length),
});

const encodeLevels = ({ bytes, count }: Levels, max: number): Uint8Array =>
  max === 0 ? new Uint8Array() : runLengthEncoded(bytes, count, bitsOf(max));

const plainBytes = ({ type, bytes, end, count }: Column): Uint8Array =>
  type.stored === 'BOOLEAN' ? bitPacked(bytes, count, 1) : bytes.subarray(0, end);

/** The first byte of the indexes is their width. */
function encodeIndexes({ values, indexes }: Dictionary): Uint8Array {
  const width = bitsOf(values.count - 1);
  return Buffer.concat([Uint8Array.of(width), runLengthEncoded(indexes, indexes.length, width)]);
}
