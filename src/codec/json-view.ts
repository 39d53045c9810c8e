import { isUtf8 } from 'node:buffer';
import { getOrCreate } from '../domain/get-or-create.ts';
import type { FeedRecord, RecordKind } from '../domain/record.ts';
import { codecOf } from './avro.ts';
import { camelCase } from './key-case.ts';
import { type AvroField, type AvroSchema, isUnion } from './schema-files.ts';

/* Shows records as JSON, with the names of the Avro schemas. */

export type JsonRecord = Readonly<Record<string, unknown>>;

/** The fields of a record by name. */
export const fieldsOf = (record: object): JsonRecord => record as JsonRecord;

/** Converts a value to its form in JSON; undefined if it needs no conversion. */
type Render = ((value: unknown) => unknown) | undefined;
type FieldRender = readonly [inMemory: string, inJson: string, render: Render];

const fieldsByKind = new Map<RecordKind, readonly FieldRender[]>();

/** Renders a record with the schema's names. Bytes are base64; UTF-8 bytes also come as text, under NAME_text. */
export function toJson(record: FeedRecord): JsonRecord {
  const fields = getOrCreate(fieldsByKind, record.kind, (kind) => rendersOf(codecOf(kind).schema.fields, new Map()));
  const values = fieldsOf(record);
  const json: Record<string, unknown> = {};
  for (const [inMemory, name, render] of fields) {
    const value = values[inMemory];
    if (value instanceof Uint8Array) {
      json[name] = Buffer.from(value).toString('base64');
      if (isUtf8(value)) json[`${name}_text`] = Buffer.from(value).toString('utf8');
    } else {
      json[name] = render === undefined ? value : render(value);
    }
  }
  return json;
}

function rendersOf(fields: readonly AvroField[], named: Map<string, Render>): readonly FieldRender[] {
  return fields.map(({ name, type }) => [camelCase(name), name, renderOf(type, named)]);
}

function renderOf(schema: AvroSchema, named: Map<string, Render>): Render {
  if (typeof schema === 'string') return named.get(schema);
  if (isUnion(schema)) {
    const [render] = schema.flatMap((branch) => renderOf(branch, named) ?? []);
    return render && ((value) => (value === null ? null : render(value)));
  }
  const { name, items, fields } = schema;
  if (items !== undefined) {
    const render = renderOf(items, named);
    return render && ((values) => (Array.isArray(values) ? values.map(render) : values));
  }
  if (fields === undefined) return undefined;
  const inner = rendersOf(fields, named);
  const isSame = inner.every(([inMemory, inJson, render]) => inMemory === inJson && render === undefined);
  const render = isSame ? undefined : (value: unknown) => renderFields(fieldsOf(Object(value)), inner);
  if (name !== undefined) named.set(name, render);
  return render;
}

function renderFields(values: JsonRecord, fields: readonly FieldRender[]): JsonRecord {
  return Object.fromEntries(
    fields.map(([inMemory, name, render]) => [
      name,
      render === undefined ? values[inMemory] : render(values[inMemory]),
    ]),
  );
}
