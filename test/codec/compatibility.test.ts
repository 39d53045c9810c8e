import { describe, expect, it } from 'vitest';
import { codecOf } from '../../src/codec/avro.ts';
import { fullTransitive } from '../../src/codec/compatibility.ts';
import { type AvroField, type AvroSchema, type RecordSchema, releasedSchemas } from '../../src/codec/schema-files.ts';
import { TOPICS } from '../../src/codec/topics.ts';

const gap = codecOf('gap').schema;
const trade = codecOf('trade').schema;

const withField = (schema: RecordSchema, field: AvroField): RecordSchema => ({
  ...schema,
  fields: [...schema.fields, field],
});
const without = (schema: RecordSchema, name: string): RecordSchema => ({
  ...schema,
  fields: schema.fields.filter((field) => field.name !== name),
});
const withType = (schema: RecordSchema, name: string, type: AvroSchema): RecordSchema => ({
  ...schema,
  fields: schema.fields.map((field) => {
    const { default: _, ...rest } = field;
    return field.name === name ? { ...rest, type } : field;
  }),
});
const withOutcome = (change: Partial<AvroField>): RecordSchema => ({
  ...gap,
  fields: gap.fields.map((field) => (field.name === 'outcome' ? { ...field, ...change } : field)),
});

describe('our schemas', () => {
  it.each(TOPICS)('$schema is FULL_TRANSITIVE compatible with every released version', ({ kind, schema }) => {
    expect(fullTransitive(codecOf(kind).schema, releasedSchemas(schema))).toEqual([]);
  });

  it('all have at least one release', () => {
    for (const { schema } of TOPICS) expect(releasedSchemas(schema)).not.toEqual([]);
  });

  it.each(TOPICS)(
    '$schema documents the record and each field, and its identity names existing fields',
    ({ kind, record }) => {
      const { schema } = codecOf(kind);
      expect(schema).toMatchObject({ name: record, namespace: 'market.feed.v1', doc: expect.stringMatching(/\.$/) });
      for (const { doc, allowed, fallback } of schema.fields) {
        expect(doc).toMatch(/\.$/);
        for (const value of allowed ?? []) expect(doc).toContain(value);
        if (allowed !== undefined) expect(allowed).toContain(fallback);
      }
      const names = schema.fields.map(({ name }) => name);
      expect(schema.identity?.length).toBeGreaterThan(0);
      expect(names).toEqual(expect.arrayContaining([...(schema.identity ?? [])]));
    },
  );
});

describe('fullTransitive', () => {
  it.each<[string, RecordSchema]>([
    ['nothing changed', gap],
    ['a field with a default added', withField(gap, { name: 'note', type: ['null', 'string'], default: null })],
    ['a field with a default removed', without(gap, 'missing')],
    ['fields in another order', { ...gap, fields: [...gap.fields].reverse() }],
    ['another allowed value', withOutcome({ allowed: ['repaired', 'unrepaired', 'unknown', 'healed', 'late'] })],
    ['other documentation', { ...gap, doc: 'Something else.' }],
  ])('accepts: %s', (_, schema) => {
    expect(fullTransitive(schema, [gap])).toEqual([]);
  });

  it.each<[string, RecordSchema, RegExp]>([
    [
      'a field without default added',
      withField(gap, { name: 'note', type: 'string' }),
      /cannot read records of version 1/,
    ],
    ['a field without default removed', without(gap, 'filled'), /readers of version 1 cannot read it/],
    [
      'a field renamed',
      { ...gap, fields: gap.fields.map((field) => (field.name === 'filled' ? { ...field, name: 'refilled' } : field)) },
      /cannot read/,
    ],
    ['a type changed', withType(gap, 'filled', 'string'), /cannot read records of version 1/],
    [
      'a type widened, which old readers cannot read',
      withType(gap, 'filled', ['null', 'long']),
      /readers of version 1 cannot read it/,
    ],
    [
      'a type narrowed, which cannot read old records',
      withType(gap, 'to_id', 'string'),
      /readers of version 1|cannot read records/,
    ],
    [
      'milliseconds become microseconds',
      withType(gap, 'from_time', { type: 'long', logicalType: 'timestamp-micros' }),
      /Gap\.from_time is timestamp-micros, other than in version 1/,
    ],
    ['a time becomes a number', withType(gap, 'from_time', 'long'), /Gap\.from_time is plain, other/],
    [
      'another scale of a decimal',
      withType(trade, 'price', { type: 'bytes', logicalType: 'decimal', precision: 38, scale: 8 }),
      /price is decimal 38 8, other|cannot read/,
    ],
    [
      'another precision of a decimal',
      withType(trade, 'price', { type: 'bytes', logicalType: 'decimal', precision: 30, scale: 18 }),
      /price is decimal 30 18, other|cannot read/,
    ],
    ['a decimal becomes plain bytes', withType(trade, 'price', 'bytes'), /cannot read/],
    [
      'an enum',
      withType(gap, 'outcome', { type: 'enum', name: 'Outcome', symbols: ['unknown'] } as AvroSchema),
      /Gap\.outcome is an enum, which several SQL engines cannot read/,
    ],
    [
      'a value is no longer allowed',
      withOutcome({ allowed: ['repaired', 'unknown'] }),
      /Gap\.outcome no longer allows unrepaired, healed, which it does in version 1/,
    ],
    [
      'another fallback',
      withOutcome({ fallback: 'repaired' }),
      /Gap\.outcome has the fallback repaired, and unknown in version 1/,
    ],
    ['another name', { ...gap, name: 'Break' }, /cannot read/],
    ['another identity', { ...gap, identity: ['venue'] }, /another identity/],
  ])('reports a problem: %s', (_, schema, problem) => {
    const released = schema.name === 'TradeEvent' ? trade : gap;
    expect(fullTransitive(schema, [released]).join('\n')).toMatch(problem);
  });

  it('checks every released version, not only the last', () => {
    const middle = withField(gap, { name: 'note', type: ['null', 'string'], default: null });
    const now = withField(gap, { name: 'note', type: ['null', 'long'], default: null });
    expect(fullTransitive(now, [gap])).toEqual([]);
    expect(fullTransitive(now, [middle, gap]).join('\n')).toMatch(/version 1/);
    expect(fullTransitive(now, [middle, gap]).join('\n')).not.toMatch(/version 2/);
  });
});
