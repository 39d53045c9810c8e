import { LENGTH_BYTES, type PlainValues } from './plain-values.ts';

const NO_BYTES = new Uint8Array();
const NO_VIEW = new DataView(NO_BYTES.buffer);
export const DECIMAL_BYTES = 16;

/** Bytes of the values of each type in which Parquet stores values; 0: each begins with its length. */
const WIDTHS = { BOOLEAN: 1, INT32: 4, INT64: 8, DOUBLE: 8, BYTE_ARRAY: 0, FIXED_LEN_BYTE_ARRAY: DECIMAL_BYTES };
export type StoredType = keyof typeof WIDTHS;

/** Size of the first buffer. Each further one is twice as large. */
const FIRST_BYTES = 64;
const WORD = 2 ** 32;
/** Up to this length, a loop copies bytes faster than a call of Node's copy. */
const SHORT = 32;

/** What is the same for a column in each row group. */
export interface ColumnType {
  /** Names of the groups around the column, and its own. */
  readonly path: readonly string[];
  readonly stored: StoredType;
  /** True: its values repeat, so that a dictionary may make it smaller. */
  readonly repeats: boolean;
  /** The definition level of a value that is there: how many fields on its path, itself included, are optional or repeated. */
  readonly maxDefinition: number;
  /** The number of repeated fields on its path, itself included. */
  readonly maxRepetition: number;
}

/** The levels of a column, as in Dremel: how deep each value is defined, or at which list it repeats. */
export class Levels {
  bytes = NO_BYTES;
  count = 0;

  add(level: number): void {
    if (this.count === this.bytes.length) {
      const wider = new Uint8Array(Math.max(2 * this.count, FIRST_BYTES));
      wider.set(this.bytes);
      this.bytes = wider;
    }
    this.bytes[this.count++] = level;
  }

  clear(): void {
    this.bytes = NO_BYTES;
    this.count = 0;
  }
}

/** The values of one column in one row group. A null has levels alone. */
export class Column implements PlainValues {
  readonly type: ColumnType;
  readonly width: number;
  bytes = NO_BYTES;
  view = NO_VIEW;
  end = 0;
  /** Number of values without the nulls. */
  count = 0;
  readonly definitions = new Levels();
  readonly repetitions = new Levels();

  constructor(type: ColumnType) {
    this.type = type;
    this.width = WIDTHS[type.stored];
  }

  addLevels(repetition: number, definition: number): void {
    if (this.type.maxDefinition > 0) this.definitions.add(definition);
    if (this.type.maxRepetition > 0) this.repetitions.add(repetition);
  }

  /** Adds value × factor. The product may have up to 64 bits. */
  addInt64(value: number, factor: number): void {
    const at = this.#grow(8);
    const high = Math.floor(value / WORD);
    const low = (value - high * WORD) * factor;
    // A DataView takes the lowest 32 bits.
    this.view.setUint32(at, low, true);
    this.view.setInt32(at + 4, high * factor + Math.floor(low / WORD), true);
  }

  addInt32(value: number): void {
    const at = this.#grow(4);
    this.view.setInt32(at, value, true);
  }

  /** Adds a decimal: a big-endian integer of at most 16 bytes. */
  addDecimal(source: Uint8Array, from: number, length: number): void {
    const at = this.#grow(DECIMAL_BYTES);
    const first = at + DECIMAL_BYTES - length;
    const sign = length > 0 && (source[from] ?? 0) > 0x7f ? 0xff : 0;
    const { bytes } = this;
    for (let index = at; index < first; index++) bytes[index] = sign;
    for (let index = 0; index < length; index++) bytes[first + index] = source[from + index] ?? 0;
  }

  /** Adds bytes with their length before them. */
  addByteArray(source: Uint8Array, from: number, length: number): void {
    const at = this.#grow(LENGTH_BYTES + length);
    this.view.setUint32(at, length, true);
    this.#copy(source, from, length, at + LENGTH_BYTES);
  }

  /** Adds a value whose bytes are the same in Avro and in Parquet. */
  addBytes(source: Uint8Array, from: number, length: number): void {
    this.#copy(source, from, length, this.#grow(length));
  }

  /** Forgets the row group, and frees its memory. */
  clear(): void {
    this.bytes = NO_BYTES;
    this.view = NO_VIEW;
    this.end = 0;
    this.count = 0;
    this.definitions.clear();
    this.repetitions.clear();
  }

  #copy(source: Uint8Array, from: number, length: number, at: number): void {
    const { bytes } = this;
    if (length > SHORT) bytes.set(source.subarray(from, from + length), at);
    else for (let index = 0; index < length; index++) bytes[at + index] = source[from + index] ?? 0;
  }

  /** Makes room for a value. Returns its offset. */
  #grow(length: number): number {
    const at = this.end;
    this.count++;
    this.end = at + length;
    if (this.end > this.bytes.length) {
      const wider = new Uint8Array(Math.max(2 * this.bytes.length, this.end, FIRST_BYTES));
      wider.set(this.bytes);
      this.bytes = wider;
      this.view = new DataView(wider.buffer);
    }
    return at;
  }
}
