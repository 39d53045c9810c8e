import { readdirSync, readFileSync } from 'node:fs';

export type AvroSchema = string | readonly AvroSchema[] | AvroSchemaObject;

/** A record, array, map, or a primitive with attributes. */
export interface AvroSchemaObject {
  readonly type: AvroSchema;
  readonly name?: string;
  readonly namespace?: string;
  readonly aliases?: readonly string[];
  readonly doc?: string;
  readonly logicalType?: string;
  readonly precision?: number;
  readonly scale?: number;
  readonly size?: number;
  readonly default?: unknown;
  readonly items?: AvroSchema;
  readonly values?: AvroSchema;
  readonly fields?: readonly AvroField[];
  /** Fields that together identify the event; only in our records. */
  readonly identity?: readonly string[];
  /** The values that a field of text may have; only in our records. Avro's enums would fail in several SQL engines. */
  readonly allowed?: readonly string[];
  /** One of `allowed`: readers take it in place of a value that they do not know. */
  readonly fallback?: string | undefined;
}

export interface AvroField extends AvroSchemaObject {
  readonly name: string;
}

export interface RecordSchema extends AvroSchemaObject {
  readonly type: 'record';
  readonly name: string;
  readonly fields: readonly AvroField[];
}

export const isUnion = (schema: AvroSchema): schema is readonly AvroSchema[] => Array.isArray(schema);

const FOLDER = new URL('../../schemas/', import.meta.url);

/** Parses the schema of a record. @throws Error if the JSON is no schema of a record. */
export function parseSchema(json: string): RecordSchema {
  const schema: unknown = JSON.parse(json);
  if (isRecordSchema(schema)) return schema;
  throw new Error('no schema of an Avro record');
}

const isRecordSchema = (schema: unknown): schema is RecordSchema =>
  typeof schema === 'object' &&
  schema !== null &&
  'name' in schema &&
  typeof schema.name === 'string' &&
  'fields' in schema &&
  Array.isArray(schema.fields);

function readSchema(path: string): RecordSchema {
  return parseSchema(readFileSync(new URL(path, FOLDER), 'utf8'));
}

/** Reads schemas/NAME.avsc. */
export function currentSchema(name: string): RecordSchema {
  return readSchema(`${name}.avsc`);
}

/** The released versions, oldest first: schemas/released/N/NAME.avsc. */
export function releasedSchemas(name: string): readonly RecordSchema[] {
  return readdirSync(new URL('released/', FOLDER))
    .sort((a, b) => Number(a) - Number(b))
    .filter((release) => readdirSync(new URL(`released/${release}/`, FOLDER)).includes(`${name}.avsc`))
    .map((release) => readSchema(`released/${release}/${name}.avsc`));
}
