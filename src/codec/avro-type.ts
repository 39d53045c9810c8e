import avro from 'avsc';
import { DECIMAL_PRECISION, DECIMAL_SCALE } from '../domain/decimal.ts';
import { decimalFromBytes, decimalToBytes, MAX_DECIMAL_BYTES, writeDecimal } from './decimal-bytes.ts';
import { camelCase } from './key-case.ts';
import { type AvroField, type AvroSchema, isUnion, type RecordSchema } from './schema-files.ts';

export type AvroType = avro.Type;

/** avsc's buffer, and the offset of the next byte to read or write. */
interface Tap {
  readonly buf: Uint8Array;
  pos: number;
  readLong(): number;
  writeLong(value: number): void;
}
/** Methods that avsc's types have and its declarations leave out: hence the cast below. */
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
    // After this error, avsc reads a decimal with another precision or scale as plain bytes.
    const { precision, scale } = schema as { precision?: unknown; scale?: unknown };
    if (precision !== DECIMAL_PRECISION || scale !== DECIMAL_SCALE) throw new Error('not our decimal');
  }
  /**
   * Writes into avsc's buffer, without a new buffer for each price. A cache would not help: prices hardly ever repeat.
   */
  protected _write(tap: Tap, text: unknown): void {
    const at = tap.pos + 1;
    const hasRoom = typeof text === 'string' && at + MAX_DECIMAL_BYTES <= tap.buf.length;
    const length = hasRoom ? writeDecimal(text, tap.buf, at) : 0;
    if (length > 0) {
      tap.writeLong(length);
      tap.pos += length;
    } else {
      // avsc reports what is wrong, or how much room is missing.
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

/** A primitive that is checked when written and returned as it is when read. */
abstract class CheckedType extends avro.types.LogicalType {
  protected override _fromValue(value: unknown): unknown {
    // avsc reads as many items as an array claims, even after the bytes have ended.
    if (value === undefined) throw new Error('truncated');
    return value;
  }
  protected override _resolve(writer: unknown): unknown {
    return writer instanceof this.constructor ? asRead : undefined;
  }
}

/** Numbers below this would be rounded silently: avsc checks only the upper bound. */
const SMALLEST_LONG = -(2 ** 52);
const LARGEST_LONG = 2 ** 53 - 2;
/** Below this, the doubled number fits the 32-bit integers of bit shifts. */
const SMALL_LONG = 2 ** 30;
const FOUR_BYTES = 2 ** 28;

/** Writes four bytes with one division; avsc divides once for each byte. */
class LongType extends CheckedType {
  protected _write(tap: Tap, value: unknown): void {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < SMALLEST_LONG || value > LARGEST_LONG) {
      // avsc reports what is wrong.
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

/** Rejects arrays that claim more items than there are bytes, because avsc allocates what is claimed. */
class BoundedArrayType extends avro.types.ArrayType {
  protected _read(tap: Tap): unknown {
    const { pos } = tap;
    const count = Math.abs(tap.readLong());
    if (count > tap.buf.length - pos) throw new Error('truncated');
    tap.pos = pos;
    return readArray.call(this, tap);
  }
}

/** Null or one other type. avsc would first check whether the value is of that type, which doubles the cost. */
class NullableType extends avro.types.UnwrappedUnionType {
  protected _write(tap: Tap, value: unknown): void {
    tap.writeLong(value === null ? 0 : 1);
    const type = this.types[1];
    if (value !== null && type !== undefined) methodsOf(type)._write.call(type, tap, value);
  }
}

/** Bytes, given as any Uint8Array. */
class BytesType extends CheckedType {
  protected override _toValue(bytes: unknown): Buffer | undefined {
    return bytes instanceof Uint8Array ? viewOf(bytes) : undefined;
  }
}

/** The length field of a text that is shorter than this takes one byte. */
const SHORT_TEXT = 64;
const MAX_ASCII = 0x7f;

/** Text whose lone surrogates are replaced, because they are not UTF-8. A venue's JSON may contain them. */
class TextType extends CheckedType {
  /** Writes short ASCII text directly into the buffer. Nearly all texts are short and ASCII. */
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

/** Text that has one of a field's allowed values. Readers take the fallback in place of a value that they do not know. */
class AllowedTextType extends TextType {
  readonly allowed: readonly string[];
  readonly #known: ReadonlyMap<unknown, string>;
  readonly #fallback: unknown;

  constructor(schema: ConstructorParameters<typeof avro.types.LogicalType>[0], options?: unknown) {
    super(schema, options);
    const { allowed, fallback } = schema as Pick<AvroField, 'allowed' | 'fallback'>;
    this.allowed = allowed ?? [];
    this.#known = new Map(this.allowed.map((value) => [value, value]));
    this.#fallback = fallback;
  }
  protected override _write(tap: Tap, text: unknown): void {
    if (this.#known.has(text)) super._write(tap, text);
    else writeLogical.call(this, tap, text);
  }
  protected override _toValue(text: unknown): string | undefined {
    return this.#known.get(text);
  }
  protected override _fromValue(value: unknown): unknown {
    return this.#known.get(super._fromValue(value)) ?? this.#fallback;
  }
  protected override _resolve(writer: unknown): unknown {
    // The writer's schema may allow more values, or be a copy without our attributes.
    return writer instanceof TextType ? (value: unknown) => this._fromValue(value) : undefined;
  }
}

const checked: Readonly<Record<string, AvroSchema>> = {
  long: { type: 'long', logicalType: 'checked-long' },
  bytes: { type: 'bytes', logicalType: 'checked-bytes' },
  string: { type: 'string', logicalType: 'text' },
};

/** Gives a schema names in camelCase and stricter checks of primitives. The bytes on the wire stay the same. */
function inMemory(schema: AvroSchema): AvroSchema {
  if (typeof schema === 'string') return checked[schema] ?? schema;
  // Nullable strings stay as they are, for they are names or ids, no free text. With our type, avsc would try every
  // branch of the union.
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
  const { allowed, fallback } = field;
  return {
    ...field,
    name: camelCase(field.name),
    type:
      allowed === undefined ? inMemory(field.type) : { type: 'string', logicalType: 'allowed-text', allowed, fallback },
    ...(field.aliases === undefined ? {} : { aliases: field.aliases.map(camelCase) }),
  };
}

const isArray = (schema: unknown): schema is ConstructorParameters<typeof avro.types.ArrayType>[0] =>
  typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'array';

const isNullable = (schema: unknown): schema is ConstructorParameters<typeof avro.types.UnwrappedUnionType>[0] =>
  Array.isArray(schema) && schema.length === 2 && schema[0] === 'null';

export const typeOf = (schema: AvroSchema): avro.Type =>
  avro.Type.forSchema(schema as Parameters<typeof avro.Type.forSchema>[0], {
    logicalTypes: {
      decimal: DecimalType,
      'checked-long': LongType,
      'checked-bytes': BytesType,
      text: TextType,
      'allowed-text': AllowedTextType,
    },
    omitRecordMethods: true,
    typeHook: (inner, options) => {
      if (isArray(inner)) return new BoundedArrayType(inner, options);
      return isNullable(inner) ? new NullableType(inner, options) : undefined;
    },
  });

/** Returns the Avro type of our records, with names in camelCase. It writes the same bytes as the original schema. */
export const recordType = (schema: RecordSchema): avro.Type => typeOf(inMemory(schema));

/** Views the bytes as Node's Buffer, without a copy. */
export const viewOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** What a value is not that cannot be written as this type, for messages: `no long`. */
export const mismatch = (type: avro.Type): string =>
  type instanceof AllowedTextType ? `none of ${type.allowed.join(', ')}` : `no ${typeName(type)}`;

function typeName(type: avro.Type): string {
  if (type instanceof avro.types.UnwrappedUnionType) return type.types.map(typeName).join(' or ');
  return type instanceof CheckedType ? type.underlyingType.typeName : type.typeName.replace(/^logical:/, '');
}
