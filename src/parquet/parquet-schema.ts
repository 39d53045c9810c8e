import { type AvroSchema, type AvroSchemaObject, isUnion, type RecordSchema } from '../codec/schema-files.ts';
import { DECIMAL_PRECISION, DECIMAL_SCALE } from '../domain/decimal.ts';
import { Column, type ColumnType, type StoredType } from './column.ts';
import {
  type Field,
  GroupField,
  ListField,
  NullableField,
  OmittedText,
  ProductField,
  READERS,
  ValueField,
  type ValueReader,
} from './fields.ts';

/** The column with price × quantity, if the schema has no field of this name. */
const VALUE = 'value';

export type LogicalType = 'DECIMAL' | 'TIMESTAMP' | 'STRING' | 'LIST' | 'MAP';
export type Repetition = 'REQUIRED' | 'OPTIONAL' | 'REPEATED';

/** A column, or a group of columns, as the file's schema lists it. */
export interface SchemaElement {
  readonly name: string;
  /** Only the root has none. */
  readonly repetition?: Repetition;
  readonly logical?: LogicalType | undefined;
  /** Only of a column. */
  readonly stored?: StoredType;
  /** Only of a group. */
  readonly children?: number;
}

interface Primitive {
  readonly stored: StoredType;
  readonly logical?: LogicalType;
  readonly reader: ValueReader;
}

const DECIMAL: Primitive = { stored: 'FIXED_LEN_BYTE_ARRAY', logical: 'DECIMAL', reader: READERS.decimal };
/** By type, logical type, precision and scale. */
const LOGICAL: Readonly<Record<string, Primitive>> = {
  [`bytes decimal ${DECIMAL_PRECISION} ${DECIMAL_SCALE}`]: DECIMAL,
  'long timestamp-millis': { stored: 'INT64', logical: 'TIMESTAMP', reader: READERS.milliseconds },
  'long timestamp-micros': { stored: 'INT64', logical: 'TIMESTAMP', reader: READERS.int64 },
};
const PRIMITIVES: Readonly<Record<string, Primitive>> = {
  boolean: { stored: 'BOOLEAN', reader: READERS.boolean },
  int: { stored: 'INT32', reader: READERS.int32 },
  long: { stored: 'INT64', reader: READERS.int64 },
  double: { stored: 'DOUBLE', reader: READERS.double },
  bytes: { stored: 'BYTE_ARRAY', reader: READERS.byteArray },
  string: { stored: 'BYTE_ARRAY', logical: 'STRING', reader: READERS.byteArray },
};

/** Returns the column type of an Avro type; undefined: it is no primitive. @throws Error for an unknown logical type */
function primitiveOf(name: string, { type, logicalType, precision, scale }: AvroSchemaObject): Primitive | undefined {
  if (logicalType === undefined) return PRIMITIVES[String(type)];
  const found = [type, logicalType, precision, scale].filter((part) => part !== undefined).join(' ');
  const primitive = LOGICAL[found];
  if (primitive === undefined)
    throw new Error(
      `${name}: found the type "${found}", allowed with a logical type: ${Object.keys(LOGICAL).join(', ')}`,
    );
  return primitive;
}

/** True: each record of the schema has a symbol. */
export const hasSymbol = ({ fields }: RecordSchema): boolean =>
  fields.some(({ name, type }) => name === 'symbol' && type === 'string');

/** Where a field is in the schema. */
interface Place {
  readonly path: readonly string[];
  readonly repetition: Repetition;
  /** Number of optional and repeated fields on its path, itself included. */
  readonly definition: number;
  /** Number of repeated fields on its path, itself included. */
  readonly repeated: number;
}
const ROOT: Place = { path: [], repetition: 'REQUIRED', definition: 0, repeated: 0 };

/**
 * The columns of the files with records of an Avro schema. It leaves out `symbol` where each record has one: the folder
 * names it, and pyarrow refuses a column that both have. It adds the column `value` where the records have a price and a
 * quantity.
 */
export class ParquetSchema {
  /** The root, then each column with what is inside. */
  readonly elements: SchemaElement[] = [];
  readonly columns: Column[] = [];
  /** The schema's fields, in the order of the encoded values. */
  readonly fields: readonly Field[];
  /** Reads records into the columns. */
  readonly record: Field;
  /** The named types: their later uses give only the name. */
  readonly #named = new Map<string, AvroSchemaObject>();

  /** @throws Error for a type that our schemas do not use */
  constructor(schema: RecordSchema) {
    const omitsSymbol = hasSymbol(schema);
    this.fields = schema.fields.map(({ name, type }) =>
      name === 'symbol' && omitsSymbol ? new OmittedText() : this.#field(name, type, ROOT),
    );
    const value = this.#valueField();
    this.record = new GroupField(value === undefined ? this.fields : [...this.fields, value]);
    const children = this.fields.length - (omitsSymbol ? 1 : 0) + (value === undefined ? 0 : 1);
    this.elements.unshift({ name: schema.name, children });
  }

  #valueField(): Field | undefined {
    const of = (name: string): Column | undefined => this.columns.find(({ type }) => type.path[0] === name);
    const [price, quantity] = [of('price'), of('quantity')];
    if (price === undefined || quantity === undefined || of(VALUE) !== undefined) return undefined;
    if (![price, quantity].every(({ type }) => type.stored === DECIMAL.stored && type.maxDefinition === 0))
      return undefined;
    return new ProductField(this.#column(DECIMAL, inside(ROOT, VALUE, 'OPTIONAL')), price, quantity);
  }

  #field(name: string, schema: AvroSchema, parent: Place, repetition: Repetition = 'REQUIRED'): Field {
    if (typeof schema === 'string')
      return this.#field(name, this.#named.get(schema) ?? { type: schema }, parent, repetition);
    if (isUnion(schema)) {
      const [first, value, ...others] = schema;
      if (first !== 'null' || value === undefined || others.length > 0)
        throw new Error(`${name}: a union of several types`);
      return new NullableField(this.#field(name, value, parent, 'OPTIONAL'), parent.definition);
    }
    const { type, fields, items, values } = schema;
    if (schema.name !== undefined) this.#named.set(schema.name, schema);
    if (typeof type !== 'string') return this.#field(name, type, parent, repetition);
    const place = inside(parent, name, repetition);
    const primitive = primitiveOf(name, schema);
    if (primitive !== undefined) return new ValueField(this.#column(primitive, place), primitive.reader);
    if (fields !== undefined) {
      this.elements.push({ name, repetition, children: fields.length });
      return new GroupField(fields.map((field) => this.#field(field.name, field.type, place)));
    }
    if (items !== undefined) {
      const list = this.#list(name, 'LIST', place, 'list', 1);
      return new ListField(this.#field('element', items, list), list.repeated, place.definition);
    }
    if (values !== undefined) {
      const list = this.#list(name, 'MAP', place, 'key_value', 2);
      const entry = [this.#field('key', 'string', list), this.#field('value', values, list)];
      return new ListField(new GroupField(entry), list.repeated, place.definition);
    }
    throw new Error(`${name}: Avro type ${type} has no Parquet type`);
  }

  /** Adds the group of a list, and the repeated group in it. */
  #list(name: string, logical: LogicalType, place: Place, inner: string, children: number): Place {
    this.elements.push({ name, repetition: place.repetition, logical, children: 1 });
    this.elements.push({ name: inner, repetition: 'REPEATED', children });
    return inside(place, inner, 'REPEATED');
  }

  #column({ stored, logical }: Primitive, { path, repetition, definition, repeated }: Place): Column {
    this.elements.push({ name: path.at(-1) ?? '', repetition, stored, logical });
    const type: ColumnType = {
      path,
      stored,
      repeats: stored === 'BYTE_ARRAY' || (stored === 'INT64' && logical === undefined),
      maxDefinition: definition,
      maxRepetition: repeated,
    };
    const column = new Column(type);
    this.columns.push(column);
    return column;
  }
}

const inside = (place: Place, name: string, repetition: Repetition): Place => ({
  path: [...place.path, name],
  repetition,
  definition: place.definition + (repetition === 'REQUIRED' ? 0 : 1),
  repeated: place.repeated + (repetition === 'REPEATED' ? 1 : 0),
});
