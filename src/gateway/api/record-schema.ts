import { type TSchema, type TUnsafe, Type } from 'typebox';
import { codecOf } from '../../codec/avro.ts';
import { toJson } from '../../codec/json-view.ts';
import type { Json } from '../../codec/key-case.ts';
import { type AvroField, type AvroSchema, isUnion } from '../../codec/schema-files.ts';
import type { FeedRecord, RecordKind } from '../../domain/record.ts';

/** A record as `toJson` returns it. */
type RecordJson<K extends RecordKind> = Json<Extract<FeedRecord, { kind: K }>>;
export type TradeJson = RecordJson<'trade'>;
export type PriceJson = RecordJson<'price'>;
export type KlineJson = RecordJson<'kline'>;
export type OrderBookJson = RecordJson<'order_book'>;
export type TradeStatsJson = RecordJson<'trade_stats'>;
export type LargeTradeJson = RecordJson<'large_trade'>;
export type StatusJson = RecordJson<'status'>;
export type GapJson = RecordJson<'gap'>;

/** A record as JSON, with the type of its fields: `toJson` and the type both follow the Avro schema. */
export function recordJson<R extends FeedRecord>(record: R): Json<R> {
  const json: unknown = toJson(record);
  return json as Json<R>;
}

export const DecimalText = Type.String({
  pattern: '^(-?(0|[1-9][0-9]{0,19})\\.[0-9]{0,17}[1-9]|0|-?[1-9][0-9]{0,19})$',
  description: 'Decimal as canonical text: no exponent, no trailing zeros',
});

/** The JSON schemas of a record's fields, made from its Avro schema. */
export const recordFields = (kind: RecordKind): Record<string, TSchema> => fieldsOf(codecOf(kind).schema.fields);

/** The JSON schema of a record of this kind. */
export function recordSchema<Kind extends RecordKind>(kind: Kind): TUnsafe<RecordJson<Kind>> {
  return Type.Unsafe(Type.Object(recordFields(kind), { additionalProperties: false }));
}

type Named = Map<string, TSchema>;

function fieldsOf(fields: readonly AvroField[], named: Named = new Map()): Record<string, TSchema> {
  return Object.fromEntries(
    fields.map(({ name, type, allowed, doc }) => [
      name,
      {
        ...(allowed === undefined ? jsonSchema(type, named) : Type.Enum([...allowed])),
        ...(doc === undefined ? {} : { description: doc }),
      },
    ]),
  );
}

const PRIMITIVES: Readonly<Record<string, () => TSchema>> = {
  null: () => Type.Null(),
  boolean: () => Type.Boolean(),
  int: () => Type.Integer(),
  long: () => Type.Integer(),
  float: () => Type.Number(),
  double: () => Type.Number(),
  string: () => Type.String(),
  bytes: () => Type.String(),
};

function jsonSchema(schema: AvroSchema, named: Named): TSchema {
  if (typeof schema === 'string') {
    const known = named.get(schema) ?? PRIMITIVES[schema]?.();
    if (known === undefined) throw new Error(`no JSON schema for the Avro type ${schema}`);
    return known;
  }
  if (isUnion(schema)) return Type.Union(schema.map((branch) => jsonSchema(branch, named)));
  if (schema.logicalType === 'decimal') return DecimalText;
  const made = complexSchema(schema, named);
  if (schema.name !== undefined) named.set(schema.name, made);
  return made;
}

function complexSchema(schema: Exclude<AvroSchema, string | readonly AvroSchema[]>, named: Named): TSchema {
  const { type, items, values, fields } = schema;
  if (items !== undefined) return Type.Array(jsonSchema(items, named));
  if (values !== undefined) return Type.Record(Type.String(), jsonSchema(values, named));
  if (fields !== undefined) return Type.Object(fieldsOf(fields, named), { additionalProperties: false });
  return jsonSchema(type, named);
}
