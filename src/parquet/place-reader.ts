import { isUnion, type RecordSchema } from '../codec/schema-files.ts';
import type { AvroInput } from './avro-input.ts';
import { type Field, isNull } from './fields.ts';
import { hasSymbol } from './parquet-schema.ts';

/** The record's fields that decide in which file it belongs. */
export interface RecordPlace {
  readonly symbol: string | undefined;
  /** Milliseconds since 1970 of `timestamp`, else of `received_at`, else of the first time in the schema. */
  readonly timeMs: number;
}

interface PlaceField {
  readonly field: Field;
  readonly isSymbol: boolean;
  /** How many of the field's units make a millisecond; undefined: the field is no time. */
  readonly perMs: number | undefined;
  readonly isNullable: boolean;
  /** Of several times, the one with the lowest rank counts. */
  readonly rank: number;
}

const UNITS_PER_MS: Readonly<Record<string, number>> = { 'timestamp-millis': 1, 'timestamp-micros': 1000 };
const RANKS: Readonly<Record<string, number>> = { timestamp: 0, received_at: 1 };

/** Reads from encoded records in which file they belong. */
export class PlaceReader {
  readonly #fields: readonly PlaceField[];

  /** @param fields one for each field of the schema @throws Error if the schema has no time */
  constructor(schema: RecordSchema, fields: readonly Field[]) {
    this.#fields = schema.fields.flatMap(({ name, type }, index) => {
      const field = fields[index];
      const isNullable = isUnion(type);
      const value = isNullable ? type.find((branch) => branch !== 'null') : type;
      const logical = typeof value === 'object' && !isUnion(value) ? value.logicalType : undefined;
      const perMs = UNITS_PER_MS[logical ?? ''];
      const isSymbol = name === 'symbol' && hasSymbol(schema);
      return field === undefined ? [] : { field, isSymbol, perMs, isNullable, rank: RANKS[name] ?? 2 };
    });
    if (this.#fields.every(({ perMs }) => perMs === undefined))
      throw new Error(`${schema.name} has no field with a time`);
  }

  /** Reads the place of the record at `input.at`, up to the record's end. @throws Error if the record is not whole */
  read(input: AvroInput): RecordPlace {
    let symbol: string | undefined;
    let timeMs = 0;
    let best = Number.POSITIVE_INFINITY;
    for (const { field, isSymbol, perMs, isNullable, rank } of this.#fields) {
      if (isSymbol) symbol = input.readText();
      else if (perMs === undefined || rank >= best) field.skip(input);
      else if (!isNullable || !isNull(input)) {
        timeMs = Math.floor(input.readLong() / perMs);
        best = rank;
      }
    }
    if (input.at > input.bytes.length) throw new Error('truncated');
    return { symbol, timeMs };
  }
}
