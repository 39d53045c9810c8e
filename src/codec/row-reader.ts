import avro from 'avsc';
import { type InMemory, recordType, type Tap, typeOf } from './avro-type.ts';
import { newFixedDecimal } from './decimal-bytes.ts';
import { type AvroField, isUnion, type RecordSchema } from './schema-files.ts';

/** A record as values for the columns of an analytics file, by the schema's names. */
export type RowValues = Readonly<Record<string, unknown>>;

/** The record's fields that decide in which file it belongs. */
export interface RowPlace {
  readonly symbol: string | undefined;
  /** Milliseconds since 1970 of `timestamp`, else of `received_at`, else of the first time in the schema. */
  readonly timeMs: number;
}

/** Reads encoded records of one schema as rows. */
export interface RowReader {
  /** Decimals are 16 bytes (big-endian, value × 10^18); longs are bigint; times are bigint microseconds. */
  row(bytes: Buffer, offset: number): RowValues;
  /** Reads the place of the record at `offset`, and where the record ends. @throws Error if it is not whole */
  place(bytes: Buffer, offset: number): { readonly place: RowPlace; readonly end: number };
}

class FixedDecimalType extends avro.types.LogicalType {
  protected _read(tap: Tap): Uint8Array {
    const length = tap.readLong();
    const { buf, pos } = tap;
    tap.pos = pos + length;
    const bytes = newFixedDecimal();
    const first = bytes.length - length;
    if (length > 0 && (buf[pos] ?? 0) > 0x7f) bytes.fill(0xff, 0, first);
    for (let index = 0; index < length; index++) bytes[first + index] = buf[pos + index] ?? 0;
    return bytes;
  }
}

class BigintType extends avro.types.LogicalType {
  protected override _fromValue(value: number): bigint {
    return BigInt(value);
  }
}

class MillisecondsType extends avro.types.LogicalType {
  protected override _fromValue(value: number): bigint {
    return BigInt(value) * 1000n;
  }
}

const ofRows: InMemory = {
  logicalTypes: {
    decimal: FixedDecimalType,
    bigint: BigintType,
    'timestamp-millis': MillisecondsType,
    'timestamp-micros': BigintType,
  },
  primitives: { long: { type: 'long', logicalType: 'bigint' } },
  rename: (name) => name,
};

const TIMES: Readonly<Record<string, number>> = { 'timestamp-millis': 1, 'timestamp-micros': 1000 };

/** How many of the field's units make a millisecond; undefined: the field is no time. */
function unitsPerMs({ type }: AvroField): number | undefined {
  const schema = isUnion(type) ? type.find((branch) => branch !== 'null') : type;
  if (typeof schema !== 'object' || isUnion(schema)) return undefined;
  return TIMES[schema.logicalType ?? ''];
}

/** The fields that may give the time of a record's file, the first one first. */
function timesOf({ fields }: RecordSchema): readonly AvroField[] {
  const times = fields.filter((field) => unitsPerMs(field) !== undefined);
  const named = ['timestamp', 'received_at'].flatMap((name) => times.filter((field) => field.name === name));
  return named.length > 0 ? named : times.slice(0, 1);
}

/** True: each record of the schema has a symbol. */
export const hasSymbol = ({ fields }: RecordSchema): boolean =>
  fields.some(({ name, type }) => name === 'symbol' && type === 'string');

/** @throws Error if the schema has no time */
export function rowReader(schema: RecordSchema): RowReader {
  const rows = recordType(schema, ofRows);
  const times = timesOf(schema);
  if (times.length === 0) throw new Error(`${schema.name} has no field with a time`);
  const units = times.map((field) => ({ name: field.name, perMs: unitsPerMs(field) ?? 1 }));
  const symbols = hasSymbol(schema) ? schema.fields.filter(({ name }) => name === 'symbol') : [];
  const places = typeOf({ ...schema, fields: [...symbols, ...times] }, { ...ofRows, logicalTypes: {} });
  const resolver = places.createResolver(typeOf(schema, { ...ofRows, logicalTypes: {} }));
  return {
    row(bytes, offset) {
      const { value }: { value: RowValues | undefined } = rows.decode(bytes, offset);
      if (value === undefined) throw new Error(`${schema.name}: truncated`);
      return value;
    },
    place(bytes, offset) {
      const { value, offset: end }: { value: RowValues | undefined; offset: number } = places.decode(
        bytes,
        offset,
        resolver,
      );
      if (value === undefined) throw new Error(`${schema.name}: truncated`);
      const time = units.find(({ name }) => typeof value[name] === 'number') ?? units[0];
      const symbol = value.symbol;
      return {
        place: {
          symbol: typeof symbol === 'string' ? symbol : undefined,
          timeMs: time === undefined ? 0 : Math.floor(Number(value[time.name]) / time.perMs),
        },
        end,
      };
    },
  };
}
