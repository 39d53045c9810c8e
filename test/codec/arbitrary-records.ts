import fc from 'fast-check';
import { codecOf } from '../../src/codec/avro.ts';
import { camelCase } from '../../src/codec/key-case.ts';
import type { AvroField, AvroSchema, AvroSchemaObject } from '../../src/codec/schema-files.ts';
import { fromUnscaled } from '../../src/domain/decimal.ts';
import type { FeedRecord, RecordKind } from '../../src/domain/record.ts';

const LARGEST = 10n ** 38n - 1n;

/** Every possible decimal in canonical form; mostly ordinary ones. */
export const arbitraryDecimal = fc
  .oneof(
    fc.bigInt({ min: -LARGEST, max: LARGEST }),
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
    fc
      .tuple(fc.nat(9_999_999), fc.integer({ min: 10, max: 18 }))
      .map(([digits, zeros]) => BigInt(digits) * 10n ** BigInt(zeros)),
    fc.tuple(fc.nat(127), fc.integer({ min: -1, max: 1 })).map(([bit, add]) => {
      const value = 2n ** BigInt(bit) + BigInt(add);
      return value > LARGEST ? LARGEST : value;
    }),
  )
  .chain((value) => fc.constantFrom(value, -value))
  .map(fromUnscaled);

const arbitraryText = fc.oneof(fc.string(), fc.string({ unit: 'grapheme', maxLength: 80 }));

/** Nested records by name. A schema defines them once, and later only names them. */
const nested = new Map<string, fc.Arbitrary<unknown>>();

function arbitraryOf(schema: AvroSchema): fc.Arbitrary<unknown> {
  if (Array.isArray(schema)) return fc.oneof(...(schema as readonly AvroSchema[]).map(arbitraryOf));
  const object = (typeof schema === 'string' ? { type: schema } : schema) as AvroSchemaObject;
  if (object.logicalType === 'decimal') return arbitraryDecimal;
  switch (object.type) {
    case 'null':
      return fc.constant(null);
    case 'string':
      return arbitraryText;
    case 'boolean':
      return fc.boolean();
    case 'int':
      return fc.integer();
    case 'long':
      return fc.oneof(fc.integer({ min: -(2 ** 52), max: 2 ** 53 - 2 }), fc.nat(200));
    case 'double':
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case 'bytes':
      return fc.uint8Array({ maxLength: 200 });
    case 'array':
      return fc.array(arbitraryOf(object.items as AvroSchema), { maxLength: 5 });
    case 'map':
      return fc.dictionary(
        arbitraryText.filter((key) => key !== '__proto__'),
        arbitraryOf(object.values as AvroSchema),
        {
          noNullPrototype: true,
        },
      );
    case 'record': {
      const values = fc.record(arbitraryFields(object.fields ?? []));
      nested.set(object.name ?? '', values);
      return values;
    }
    default: {
      const known = nested.get(String(object.type));
      if (known !== undefined) return known;
      throw new Error(`no values for Avro ${JSON.stringify(object.type)}`);
    }
  }
}

function arbitraryFields(fields: readonly AvroField[]): Record<string, fc.Arbitrary<unknown>> {
  return Object.fromEntries(
    fields.map(({ name, type, allowed }) => [
      camelCase(name),
      allowed === undefined ? arbitraryOf(type) : fc.constantFrom(...allowed),
    ]),
  );
}

/** Any record of a kind, from its schema. */
export function arbitraryRecord(kind: RecordKind): fc.Arbitrary<FeedRecord> {
  return fc
    .record({ kind: fc.constant(kind), ...arbitraryFields(codecOf(kind).schema.fields) })
    .map((record) => record as unknown as FeedRecord); // Each field was made from its schema.
}
