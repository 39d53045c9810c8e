import type { SchemaElement } from 'hyparquet-writer';
import { hasSymbol } from '../codec/row-reader.ts';
import { type AvroSchema, type AvroSchemaObject, isUnion, type RecordSchema } from '../codec/schema-files.ts';
import { DECIMAL_PRECISION, DECIMAL_SCALE } from '../domain/decimal.ts';

/** The column with price × quantity, if the schema has no field of this name. */
const VALUE = 'value';

const DECIMAL_BYTES = 16;
const decimal: Partial<SchemaElement> = {
  type: 'FIXED_LEN_BYTE_ARRAY',
  type_length: DECIMAL_BYTES,
  precision: DECIMAL_PRECISION,
  scale: DECIMAL_SCALE,
  logical_type: { type: 'DECIMAL', precision: DECIMAL_PRECISION, scale: DECIMAL_SCALE },
};
const time: Partial<SchemaElement> = {
  type: 'INT64',
  converted_type: 'TIMESTAMP_MICROS',
  logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
};
const text: Partial<SchemaElement> = {
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  logical_type: { type: 'STRING' },
};

const LOGICAL: Readonly<Record<string, Partial<SchemaElement>>> = {
  decimal,
  'timestamp-millis': time,
  'timestamp-micros': time,
};
const PRIMITIVES: Readonly<Record<string, Partial<SchemaElement>>> = {
  boolean: { type: 'BOOLEAN' },
  int: { type: 'INT32' },
  long: { type: 'INT64' },
  float: { type: 'FLOAT' },
  double: { type: 'DOUBLE' },
  bytes: { type: 'BYTE_ARRAY' },
  string: text,
  enum: text,
};

/** The Parquet schema of a file with records of an Avro schema. */
export interface ParquetSchema {
  /** The root, then each column with what is inside. */
  readonly elements: readonly SchemaElement[];
  readonly columns: readonly ParquetColumn[];
}

export interface ParquetColumn {
  readonly name: string;
  /** True: it is a decimal, or has decimals inside. */
  readonly hasDecimals: boolean;
  /** True: its values repeat, so that a dictionary makes it smaller. */
  readonly repeats: boolean;
  /** True: its values are price × quantity. */
  readonly isProduct: boolean;
}

export const isDecimal = ({ logical_type }: SchemaElement): boolean => logical_type?.type === 'DECIMAL';

/**
 * Derives the Parquet schema. It leaves out `symbol` where each record has one: the folder names it, and pyarrow refuses
 * a column that both have. It adds the column `value` where the records have a price and a quantity.
 * @throws Error for a type that our schemas do not use
 */
export function parquetSchema(schema: RecordSchema): ParquetSchema {
  const named = new Map<string, AvroSchemaObject>();
  const columns: SchemaElement[][] = schema.fields.map(({ name, type }) => [...elementsOf(name, type, named)]);
  const inFile = columns.filter(([column]) => column?.name !== 'symbol' || !hasSymbol(schema));
  const names = inFile.map(([column]) => column?.name);
  const product: SchemaElement = { name: VALUE, repetition_type: 'OPTIONAL', ...decimal };
  if (names.includes('price') && names.includes('quantity') && !names.includes(VALUE)) inFile.push([product]);
  return {
    elements: [{ name: schema.name, num_children: inFile.length }, ...inFile.flat()],
    columns: inFile.map((column) => ({
      name: column[0]?.name ?? '',
      hasDecimals: column.some(isDecimal),
      repeats: column.some(({ type, logical_type }) => type === 'BYTE_ARRAY' || (type === 'INT64' && !logical_type)),
      isProduct: column[0] === product,
    })),
  };
}

type Repetition = 'REQUIRED' | 'OPTIONAL';
/** The named types of a schema: their later uses give only the name. */
type NamedTypes = Map<string, AvroSchemaObject>;

function elementsOf(
  name: string,
  schema: AvroSchema,
  named: NamedTypes,
  repetition: Repetition = 'REQUIRED',
): readonly SchemaElement[] {
  if (typeof schema === 'string') return elementsOf(name, named.get(schema) ?? { type: schema }, named, repetition);
  if (isUnion(schema)) {
    const [first, value, ...others] = schema;
    if (first !== 'null' || value === undefined || others.length > 0)
      throw new Error(`${name}: a union of several types`);
    return elementsOf(name, value, named, 'OPTIONAL');
  }
  const { type, logicalType = '' } = schema;
  if (schema.name !== undefined) named.set(schema.name, schema);
  if (typeof type !== 'string') return elementsOf(name, type, named, repetition);
  const leaf = LOGICAL[logicalType] ?? PRIMITIVES[type];
  if (leaf !== undefined) return [{ name, repetition_type: repetition, ...leaf }];
  const group = { name, repetition_type: repetition };
  if (schema.fields !== undefined) {
    const fields = schema.fields.flatMap((field) => elementsOf(field.name, field.type, named));
    return [{ ...group, num_children: schema.fields.length }, ...fields];
  }
  if (schema.items !== undefined) {
    return [
      { ...group, num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      ...elementsOf('element', schema.items, named),
    ];
  }
  if (schema.values !== undefined) {
    return [
      { ...group, num_children: 1, converted_type: 'MAP', logical_type: { type: 'MAP' } },
      { name: 'key_value', repetition_type: 'REPEATED', num_children: 2 },
      ...elementsOf('key', 'string', named),
      ...elementsOf('value', schema.values, named),
    ];
  }
  throw new Error(`${name}: Avro type ${type} has no Parquet type`);
}
