import { productOfDecimals } from '../codec/decimal-bytes.ts';
import type { AvroInput } from './avro-input.ts';
import { type Column, DECIMAL_BYTES } from './column.ts';

/** A field of an Avro schema. It reads encoded values into the columns. */
export interface Field {
  /**
   * Reads a value.
   * @param repetition the level of the innermost list of which it is not the first item; 0: there is none
   * @throws Error if the bytes are no value of the field
   */
  read(input: AvroInput, repetition: number): void;
  /**
   * Adds to each column that there is no value.
   * @param definition how many of the optional and repeated fields on its path have a value
   */
  addMissing(repetition: number, definition: number): void;
  /** Passes over a value. @throws Error as `read`, so that a value that was passed over can be read */
  skip(input: AvroInput): void;
}

/** How the values of a type become values of a column. */
export interface ValueReader {
  read(input: AvroInput, column: Column): void;
  skip(input: AvroInput): void;
}

const ofLength = (length: number): ValueReader => ({
  read(input, column) {
    column.addBytes(input.bytes, input.at, length);
    input.at += length;
  },
  skip(input) {
    input.at += length;
  },
});

const int64 = (factor: number): ValueReader => ({
  read: (input, column) => column.addInt64(input.readLong(), factor),
  skip: (input) => void input.readLong(),
});

type AddBytes = (column: Column, bytes: Uint8Array, from: number, length: number) => void;

/** Bytes with their length before them. */
function byLength(add: AddBytes, max = Number.POSITIVE_INFINITY): ValueReader {
  const lengthIn = (input: AvroInput): number => {
    const length = input.readLength();
    if (length > max) throw new Error(`a value of ${length} bytes where ${max} are allowed`);
    return length;
  };
  return {
    read(input, column) {
      const length = lengthIn(input);
      add(column, input.bytes, input.at, length);
      input.at += length;
    },
    skip(input) {
      const length = lengthIn(input);
      input.at += length;
    },
  };
}

function readInt(input: AvroInput): number {
  const value = input.readLong();
  // The operator takes the lowest 32 bits.
  if (value !== (value | 0)) throw new Error('an int of more than 32 bits');
  return value;
}

export const READERS = {
  boolean: ofLength(1),
  double: ofLength(8),
  int32: { read: (input, column) => column.addInt32(readInt(input)), skip: (input) => void readInt(input) },
  int64: int64(1),
  /** Milliseconds become microseconds. */
  milliseconds: int64(1000),
  decimal: byLength((column, bytes, from, length) => column.addDecimal(bytes, from, length), DECIMAL_BYTES),
  byteArray: byLength((column, bytes, from, length) => column.addByteArray(bytes, from, length)),
} satisfies Readonly<Record<string, ValueReader>>;

/** A field with one column. */
export class ValueField implements Field {
  readonly #column: Column;
  readonly #reader: ValueReader;

  constructor(column: Column, reader: ValueReader) {
    this.#column = column;
    this.#reader = reader;
  }

  read(input: AvroInput, repetition: number): void {
    this.#reader.read(input, this.#column);
    this.#column.addLevels(repetition, this.#column.type.maxDefinition);
  }

  addMissing(repetition: number, definition: number): void {
    this.#column.addLevels(repetition, definition);
  }

  skip(input: AvroInput): void {
    this.#reader.skip(input);
  }
}

/** A union of null and a type. */
export class NullableField implements Field {
  readonly #value: Field;
  readonly #definition: number;

  /** @param definition the level of a null */
  constructor(value: Field, definition: number) {
    this.#value = value;
    this.#definition = definition;
  }

  read(input: AvroInput, repetition: number): void {
    if (isNull(input)) this.#value.addMissing(repetition, this.#definition);
    else this.#value.read(input, repetition);
  }

  addMissing(repetition: number, definition: number): void {
    this.#value.addMissing(repetition, definition);
  }

  skip(input: AvroInput): void {
    if (!isNull(input)) this.#value.skip(input);
  }
}

/** Reads whether a value of a union with null is null. @throws Error if it is neither of two types */
export function isNull(input: AvroInput): boolean {
  const branch = input.readLong();
  if (branch !== 0 && branch !== 1) throw new Error(`no type ${branch} in a union of two`);
  return branch === 0;
}

/** A record, also one inside another. */
export class GroupField implements Field {
  readonly #fields: readonly Field[];

  constructor(fields: readonly Field[]) {
    this.#fields = fields;
  }

  read(input: AvroInput, repetition: number): void {
    for (const field of this.#fields) field.read(input, repetition);
  }

  addMissing(repetition: number, definition: number): void {
    for (const field of this.#fields) field.addMissing(repetition, definition);
  }

  skip(input: AvroInput): void {
    for (const field of this.#fields) field.skip(input);
  }
}

/** An array, or a map as an array of keys and values. */
export class ListField implements Field {
  readonly #item: Field;
  readonly #repetition: number;
  readonly #definition: number;

  /**
   * @param repetition the level of the items after the first
   * @param definition the level of a list without items
   */
  constructor(item: Field, repetition: number, definition: number) {
    this.#item = item;
    this.#repetition = repetition;
    this.#definition = definition;
  }

  read(input: AvroInput, repetition: number): void {
    let isEmpty = true;
    for (let count = input.readBlockCount(); count > 0; count = input.readBlockCount()) {
      for (let index = 0; index < count; index++) {
        this.#item.read(input, isEmpty ? repetition : this.#repetition);
        isEmpty = false;
      }
    }
    if (isEmpty) this.#item.addMissing(repetition, this.#definition);
  }

  addMissing(repetition: number, definition: number): void {
    this.#item.addMissing(repetition, definition);
  }

  skip(input: AvroInput): void {
    for (let count = input.readBlockCount(); count > 0; count = input.readBlockCount())
      for (let index = 0; index < count; index++) this.#item.skip(input);
  }
}

/** A text that is in no column. */
export class OmittedText implements Field {
  read(input: AvroInput): void {
    this.skip(input);
  }

  addMissing(): void {}

  skip(input: AvroInput): void {
    READERS.byteArray.skip(input);
  }
}

/**
 * An optional column with the product of two decimals of the same record. It comes after them, and reads nothing. It is
 * null if the product does not fit.
 */
export class ProductField implements Field {
  readonly #column: Column;
  readonly #a: Column;
  readonly #b: Column;

  constructor(column: Column, a: Column, b: Column) {
    this.#column = column;
    this.#a = a;
    this.#b = b;
  }

  read(_input: AvroInput, repetition: number): void {
    const product = productOfDecimals(
      this.#a.view,
      this.#a.end - DECIMAL_BYTES,
      this.#b.view,
      this.#b.end - DECIMAL_BYTES,
    );
    if (product !== undefined) this.#column.addDecimal(product, 0, DECIMAL_BYTES);
    this.#column.addLevels(repetition, product === undefined ? 0 : 1);
  }

  addMissing(): void {}

  skip(): void {}
}
