import avro from 'avsc';
import { DECIMAL_PRECISION, DECIMAL_SCALE } from '../domain/decimal.ts';
import { decimalFromBytes, decimalToBytes, MAX_DECIMAL_BYTES, writeDecimal } from './decimal-bytes.ts';
import { camelCase } from './key-case.ts';
import { type AvroField, type AvroSchema, isUnion, type RecordSchema } from './schema-files.ts';

/** An Avro type of the library: what values of a schema look like and how they are written. */
export type AvroType = avro.Type;

/** What avsc reads from and writes to. */
interface Tap {
  readonly buf: Uint8Array;
  pos: number;
  readLong(): number;
  writeLong(value: number): void;
}
/** The methods that each of avsc's types writes and reads with; avsc does not declare them. */
interface TypeMethods {
  _write(this: avro.Type, tap: Tap, value: unknown): void;
  _read(this: avro.Type, tap: Tap): unknown;
}
const methodsOf = (type: avro.Type): TypeMethods => type as unknown as TypeMethods;
const writeLogical = methodsOf(avro.types.LogicalType.prototype)._write;
const readArray = methodsOf(avro.types.ArrayType.prototype)._read;

const asRead = (value: unknown): unknown => value;

class DecimalType extends avro.types.LogicalType {
  constructor(schema: ConstructorParameters<typeof avro.types.LogicalType>[0], options?: unknown) {
    super(schema, options);
    // avsc then takes such a schema for plain bytes, which no decimal of ours can be read from.
    const { precision, scale } = schema as { precision?: unknown; scale?: unknown };
    if (precision !== DECIMAL_PRECISION || scale !== DECIMAL_SCALE) throw new Error('not our decimal');
  }
  /** Straight to where it belongs: with thousands of symbols hardly a price repeats, and each would be a buffer of its own. */
  protected _write(tap: Tap, text: unknown): void {
    const at = tap.pos + 1;
    const hasRoom = typeof text === 'string' && at + MAX_DECIMAL_BYTES <= tap.buf.length;
    const length = hasRoom ? writeDecimal(text, tap.buf, at) : 0;
    if (length > 0) {
      tap.writeLong(length);
      tap.pos += length;
    } else {
      // It reports what is wrong, or how much room there should be.
      writeLogical.call(this, tap, text);
    }
  }
  protected override _toValue(text: unknown): Buffer | undefined {
    return typeof text === 'string' ? decimalToBytes(text) : undefined;
  }
  protected override _fromValue(bytes: Uint8Array): string {
    const text = decimalFromBytes(bytes);
    if (text === undefined) throw new Error('decimal of more than 38 digits');
    return text;
  }
  protected override _resolve(writer: unknown): unknown {
    return writer instanceof DecimalType ? asRead : undefined;
  }
}

/** A primitive whose values are checked on the way out and left as they are on the way in. */
abstract class CheckedType extends avro.types.LogicalType {
  protected override _fromValue(value: unknown): unknown {
    // avsc reads as many items as an array claims to have, also where the bytes have long ended.
    if (value === undefined) throw new Error('truncated');
    return value;
  }
  protected override _resolve(writer: unknown): unknown {
    return writer instanceof this.constructor ? asRead : undefined;
  }
}

/** avsc checks the upper bound, but rounds below this one without a word. */
const SMALLEST_LONG = -(2 ** 52);
const LARGEST_LONG = 2 ** 53 - 2;
/** Below it a number, doubled, has room in the small integers that bits are shifted in. */
const SMALL_LONG = 2 ** 30;
/** Bits that four bytes carry. */
const FOUR_BYTES = 2 ** 28;

/** Straight to where it belongs, and times four bytes a division: avsc takes one for each. */
class LongType extends CheckedType {
  protected _write(tap: Tap, value: unknown): void {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < SMALLEST_LONG || value > LARGEST_LONG) {
      // It reports what is wrong.
      writeLogical.call(this, tap, value);
      return;
    }
    if (value < SMALL_LONG) {
      tap.writeLong(value);
      return;
    }
    const { buf } = tap;
    const doubled = 2 * value;
    const high = Math.floor(doubled / FOUR_BYTES);
    const low = doubled - high * FOUR_BYTES;
    let at = tap.pos;
    buf[at++] = low | 0x80;
    buf[at++] = (low >> 7) | 0x80;
    buf[at++] = (low >> 14) | 0x80;
    buf[at++] = (low >> 21) | 0x80;
    let rest = high;
    for (; rest > 0x7f; rest >>= 7) buf[at++] = rest | 0x80;
    buf[at++] = rest;
    tap.pos = at;
  }
  protected override _toValue(value: unknown): number | undefined {
    return typeof value === 'number' && value >= SMALLEST_LONG ? value : undefined;
  }
}

/** avsc makes room for as many items as an array claims to have: here for no more than there are bytes; ours have one at least. */
class BoundedArrayType extends avro.types.ArrayType {
  protected _read(tap: Tap): unknown {
    const { pos } = tap;
    const count = Math.abs(tap.readLong());
    if (count > tap.buf.length - pos) throw new Error('truncated');
    tap.pos = pos;
    return readArray.call(this, tap);
  }
}

/** Null or one other type. avsc would try whether a value is of that type before it writes it as one, which costs as much again. */
class NullableType extends avro.types.UnwrappedUnionType {
  protected _write(tap: Tap, value: unknown): void {
    tap.writeLong(value === null ? 0 : 1);
    const type = this.types[1];
    if (value !== null && type !== undefined) methodsOf(type)._write.call(type, tap, value);
  }
}

/** Bytes that need not be Node's Buffer. */
class BytesType extends CheckedType {
  protected override _toValue(bytes: unknown): Buffer | undefined {
    return bytes instanceof Uint8Array ? viewOf(bytes) : undefined;
  }
}

/** Texts below it have a length that is one byte. */
const SHORT_TEXT = 64;
const MAX_ASCII = 0x7f;

/** Text with lone surrogates (a venue's JSON may bring them) replaced, as it would be no UTF-8 otherwise. */
class TextType extends CheckedType {
  /** Straight to where it belongs what is short and ASCII, as nearly all is. */
  protected _write(tap: Tap, text: unknown): void {
    const { buf, pos } = tap;
    if (typeof text === 'string' && text.length < SHORT_TEXT && pos + text.length < buf.length) {
      const { length } = text;
      let index = 0;
      for (; index < length; index++) {
        const code = text.charCodeAt(index);
        if (code > MAX_ASCII) break;
        buf[pos + 1 + index] = code;
      }
      if (index === length) {
        buf[pos] = 2 * length;
        tap.pos = pos + 1 + length;
        return;
      }
    }
    writeLogical.call(this, tap, text);
  }
  protected override _toValue(text: unknown): string | undefined {
    return typeof text === 'string' ? text.toWellFormed() : undefined;
  }
}

const checked: Readonly<Record<string, AvroSchema>> = {
  long: { type: 'long', logicalType: 'checked-long' },
  bytes: { type: 'bytes', logicalType: 'checked-bytes' },
  string: { type: 'string', logicalType: 'text' },
};

/**
 * The schema with what is ours alone, same bytes on the wire: fields in camelCase as our records have them, so that
 * nothing is copied from name to name, and primitives that are checked more closely than avsc does.
 */
function inMemory(schema: AvroSchema): AvroSchema {
  if (typeof schema === 'string') return checked[schema] ?? schema;
  // A nullable string is a name or an id, no free text; avsc tries every branch of a union that has a type of ours.
  if (isUnion(schema)) return schema.map((branch) => (branch === 'string' ? branch : inMemory(branch)));
  if (schema.logicalType === 'decimal') return schema;
  if (typeof schema.type === 'string' && schema.type in checked) return inMemory(schema.type);
  return {
    ...schema,
    ...(schema.items === undefined ? {} : { items: inMemory(schema.items) }),
    ...(schema.values === undefined ? {} : { values: inMemory(schema.values) }),
    ...(schema.fields === undefined ? {} : { fields: schema.fields.map(inMemoryField) }),
  };
}

function inMemoryField(field: AvroField): AvroField {
  return {
    ...field,
    name: camelCase(field.name),
    type: inMemory(field.type),
    ...(field.aliases === undefined ? {} : { aliases: field.aliases.map(camelCase) }),
  };
}

const isArray = (schema: unknown): schema is ConstructorParameters<typeof avro.types.ArrayType>[0] =>
  typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'array';

const isNullable = (schema: unknown): schema is ConstructorParameters<typeof avro.types.UnwrappedUnionType>[0] =>
  Array.isArray(schema) && schema.length === 2 && schema[0] === 'null';

/** The Avro type of a schema as written. */
export const typeOf = (schema: AvroSchema): avro.Type =>
  avro.Type.forSchema(schema as Parameters<typeof avro.Type.forSchema>[0], {
    logicalTypes: { decimal: DecimalType, 'checked-long': LongType, 'checked-bytes': BytesType, text: TextType },
    omitRecordMethods: true,
    typeHook: (inner, options) => {
      if (isArray(inner)) return new BoundedArrayType(inner, options);
      return isNullable(inner) ? new NullableType(inner, options) : undefined;
    },
  });

/** The type that our records are encoded with: same bytes on the wire as the schema as written. */
export const recordType = (schema: RecordSchema): avro.Type => typeOf(inMemory(schema));

/** The same bytes as Node's Buffer, not copied. */
export const viewOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** What a type is called in a schema, for messages. */
export function typeName(type: avro.Type): string {
  if (type instanceof avro.types.UnwrappedUnionType) return type.types.map(typeName).join(' or ');
  return type instanceof CheckedType ? type.underlyingType.typeName : type.typeName.replace(/^logical:/, '');
}
