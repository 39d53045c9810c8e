import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import avro from 'avsc';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codecOf, readerOf } from '../../src/codec/avro.ts';
import { toJson } from '../../src/codec/json-view.ts';
import { releasedSchemas } from '../../src/codec/schema-files.ts';
import { TOPICS } from '../../src/codec/topics.ts';
import { encodeSingleObject, newWireDecoder } from '../../src/codec/wire-format.ts';
import { unscaled } from '../../src/domain/decimal.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import {
  sampleDeadLetter,
  sampleGap,
  sampleRecords,
  sampleStatus,
  sampleTrade,
} from '../../testing/records/sample-records.ts';
import { arbitraryRecord } from './arbitrary-records.ts';

const kinds = TOPICS.map(({ kind }) => kind);

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('the Avro codec', () => {
  it.each(kinds)('decodes every %s to the record that was encoded', (kind) => {
    const codec = codecOf(kind);
    fc.assert(
      fc.property(arbitraryRecord(kind), (record) => {
        expect(toJson(codec.read(codec.encode(record), 0).record)).toEqual(toJson(record));
      }),
      { numRuns: 500 },
    );
  });

  it.each(sampleRecords.map((record) => [record.kind, record] as const))(
    'decodes a %s with its kind and camelCase names',
    (_, record) => {
      expect({ ...codecOf(record.kind).read(codecOf(record.kind).encode(record), 0).record }).toEqual({
        ...record,
        ...('payload' in record ? { payload: Buffer.from(record.payload) } : {}),
      });
    },
  );

  // The independent encoder is avsc with the schema as written: snake_case names, and decimals as Avro defines them.
  it.each(kinds)('encodes a %s to the same bytes as an independent Avro library', (kind) => {
    class PlainDecimal extends avro.types.LogicalType {
      protected override _toValue(text: string): Buffer {
        const value = unscaled(text);
        let length = 1;
        while (value < -(2n ** BigInt(8 * length - 1)) || value >= 2n ** BigInt(8 * length - 1)) length++;
        return Buffer.from(
          BigInt.asUintN(8 * length, value)
            .toString(16)
            .padStart(2 * length, '0'),
          'hex',
        );
      }
    }
    const { schema, encode } = codecOf(kind);
    const plain = avro.Type.forSchema(schema as Parameters<typeof avro.Type.forSchema>[0], {
      logicalTypes: { decimal: PlainDecimal },
      wrapUnions: false,
    });
    fc.assert(
      fc.property(arbitraryRecord(kind), (record) => {
        const fields = { ...toJson(record), ...('payload' in record ? { payload: Buffer.from(record.payload) } : {}) };
        expect(encode(record)).toEqual(plain.toBuffer(fields));
      }),
      { numRuns: 200 },
    );
  });

  it('writes a header before the body without changing the body', () => {
    const codec = codecOf('trade');
    const header = Uint8Array.of(1, 2, 3);
    const bytes = codec.encode(sampleTrade(), header);
    expect(bytes.subarray(0, 3)).toEqual(Buffer.from(header));
    expect(bytes.subarray(3)).toEqual(codec.encode(sampleTrade()));
    expect(codec.read(bytes, 3).record).toMatchObject({ kind: 'trade', tradeId: sampleTrade().tradeId });
  });

  it('keeps the bytes of a record unchanged while it encodes the next one', () => {
    const codec = codecOf('trade');
    const first = codec.encode(sampleTrade({ tradeId: '1' }));
    const before = Buffer.from(first);
    codec.encode(sampleTrade({ tradeId: '2' }));
    expect(first).toEqual(before);
  });

  it('keeps the bytes of 3000 encoded records of different lengths intact', () => {
    const records = Array.from({ length: 3000 }, (_, index) =>
      index % 50 === 49
        ? sampleDeadLetter({ payload: new Uint8Array((index * 7919) % 60_000).fill(index) })
        : sampleTrade({ tradeId: String(index).repeat(1 + (index % 30)) }),
    );
    const header = Uint8Array.of(1, 2, 3);
    const encoded = records.map((record) => codecOf(record.kind).encode(record, header));
    for (const [index, bytes] of encoded.entries()) {
      expect([...bytes.subarray(0, 3)]).toEqual([1, 2, 3]);
      const record = records[index] as FeedRecord;
      expect(toJson(codecOf(record.kind).read(bytes, 3).record)).toEqual(toJson(record));
    }
  });

  it('encodes a text of a million characters, and a short record after it', () => {
    const reason = 'x'.repeat(1_000_000);
    const codec = codecOf('status');
    expect(codec.read(codec.encode(sampleStatus({ reason })), 0).record).toMatchObject({ reason });
    expect(codec.read(codec.encode(sampleStatus()), 0).record).toMatchObject({ reason: sampleStatus().reason });
  });

  it('replaces lone surrogates, which are not valid in UTF-8', () => {
    const codec = codecOf('dead_letter');
    for (const length of [1, 100]) {
      const reason = '\ud800'.repeat(length);
      const bytes = codec.encode(sampleDeadLetter({ reason }));
      expect(codec.read(bytes, 0).record).toMatchObject({ reason: '\ufffd'.repeat(length) });
    }
  });

  it.each([
    [{ price: '1e5' }, 'price', 'TradeEvent.price: "1e5" is no decimal'],
    [{ price: 61837.63 }, 'price', 'TradeEvent.price: 61837.63 is no decimal'],
    [{ quantity: undefined }, 'quantity', 'TradeEvent.quantity: undefined is no decimal'],
    [{ quantity: '0.0000000000000000001' }, 'quantity', 'TradeEvent.quantity: "0.0000000000000000001" is no decimal'],
    [{ receivedAt: 2 ** 53 }, 'received_at', 'TradeEvent.received_at: 9007199254740992 is no long'],
    [{ receivedAt: -(2 ** 52) - 1 }, 'received_at', 'TradeEvent.received_at: -4503599627370497 is no long'],
    [{ timestamp: 1.5 }, 'timestamp', 'TradeEvent.timestamp: 1.5 is no long'],
    [{ timestamp: Number.NaN }, 'timestamp', 'TradeEvent.timestamp: NaN is no long'],
    [{ eventTime: '1' }, 'event_time', 'TradeEvent.event_time: "1" is no null or long'],
    [
      { environment: 'staging' },
      'environment',
      'TradeEvent.environment: "staging" is none of production, testnet, simulated, replay',
    ],
    [{ isBuyerMaker: 0 }, 'is_buyer_maker', 'TradeEvent.is_buyer_maker: 0 is no boolean'],
    [{ venueSymbol: null }, 'venue_symbol', 'TradeEvent.venue_symbol: null is no string'],
    [{ conditions: ['block', 7] }, 'conditions', 'TradeEvent.conditions.1: 7 is no string'],
    [{ epoch: 1n }, 'epoch', 'TradeEvent.epoch: 1 is no long'],
  ])('names the field with an invalid value in the error (%#)', (change, field, message) => {
    const record = { ...sampleTrade(), ...change } as unknown as FeedRecord; // wrong on purpose
    expect(caught(() => codecOf('trade').encode(record))).toMatchObject({
      name: 'Fault',
      kind: 'encode',
      retry: { kind: 'never' },
      field,
      message,
    });
  });

  it.each(sampleRecords.map((record) => [record.kind, record] as const))(
    '%s: refuses truncated bytes and extra bytes as malformed',
    (kind, record) => {
      const codec = codecOf(kind);
      const bytes = codec.encode(record);
      for (let length = 0; length < bytes.length; length++) {
        expect(caught(() => codec.read(bytes.subarray(0, length), 0))).toMatchObject({ kind: 'malformed' });
      }
      const message = Buffer.concat([encodeSingleObject(record), Buffer.of(0)]);
      expect(caught(() => newWireDecoder()(message))).toMatchObject({ kind: 'malformed' });
    },
  );

  it('throws only malformed Faults for random bytes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.uint8Array({ maxLength: 300 }), (kind, bytes) => {
        const error = caught(() => codecOf(kind).read(bytes, 0));
        if (error !== undefined) expect(error).toMatchObject({ name: 'Fault', kind: 'malformed' });
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("readerOf with a writer's schema", () => {
  const folder = join(import.meta.dirname, '../../schemas/released');
  const golden = readdirSync(folder).flatMap((release) =>
    TOPICS.map((topic) => ({ release: Number(release), ...topic, path: join(folder, release, topic.schema) })),
  );

  it.each(golden)(
    'release $release: decodes the golden bytes of $schema to the recorded values',
    ({ release, kind, schema, path }) => {
      const bytes = Buffer.from(readFileSync(`${path}.hex`, 'utf8').trim(), 'hex');
      const released = releasedSchemas(schema)[release - 1];
      const { record, end } = readerOf(JSON.stringify(released)).read(bytes, 0);
      expect(end).toBe(bytes.length);
      expect(toJson(record)).toMatchObject(JSON.parse(readFileSync(`${path}.json`, 'utf8')));
      if (isDeepStrictEqual(codecOf(kind).schema, released)) expect(codecOf(kind).encode(record)).toEqual(bytes);
    },
  );

  it('reads records of a schema that lacks one of our fields and has an extra field', () => {
    const { schema, encode } = codecOf('gap');
    const younger = {
      ...schema,
      fields: [
        ...schema.fields.filter(({ name }) => name !== 'missing'),
        { name: 'note', type: ['null', 'string'], default: null },
      ],
    };
    const writer = avro.Type.forSchema(younger as Parameters<typeof avro.Type.forSchema>[0]);
    const [gap] = sampleRecords.filter((record) => record.kind === 'gap');
    const { missing: _, ...fields } = toJson(gap as FeedRecord);
    const { record } = readerOf(JSON.stringify(younger)).read(writer.toBuffer({ ...fields, note: 'new' }), 0);
    expect({ ...record }).toEqual({ ...gap, missing: null });
    expect(encode(record)).toEqual(encode(gap as FeedRecord));
  });

  it('takes the fallback for an unknown value, also if a registry has removed our attributes from the schema', () => {
    const { schema } = codecOf('gap');
    const plain = { ...schema, fields: schema.fields.map(({ allowed: _, fallback: __, ...field }) => field) };
    const writer = avro.Type.forSchema(plain as Parameters<typeof avro.Type.forSchema>[0]);
    const bytes = writer.toBuffer({
      ...toJson(sampleGap()),
      environment: 'paper',
      outcome: 'lost',
      channel: 'agg_trade',
    });
    const { record } = readerOf(JSON.stringify(plain)).read(bytes, 0);
    expect(record).toMatchObject({ environment: 'simulated', outcome: 'unknown', channel: 'agg_trade' });
  });

  it.each([
    ['a schema that is not JSON', '{', /writer's schema/],
    ['a record of another name', '{"type":"record","name":"Order","fields":[]}', /Order/],
    ['a price that is a double', schemaWith('trade', { price: 'double' }), /cannot read/],
    [
      'a decimal of another scale',
      schemaWith('trade', { price: { type: 'bytes', logicalType: 'decimal', precision: 38, scale: 8 } }),
      /cannot read/,
    ],
  ])('refuses %s', (_, schemaJson, message) => {
    expect(caught(() => readerOf(schemaJson))).toMatchObject({
      kind: 'malformed',
      retry: { kind: 'never' },
      message: expect.stringMatching(message),
    });
  });
});

function schemaWith(kind: FeedRecord['kind'], types: Readonly<Record<string, unknown>>): string {
  const { schema } = codecOf(kind);
  const fields = schema.fields.map((field) => (field.name in types ? { ...field, type: types[field.name] } : field));
  return JSON.stringify({ ...schema, fields });
}
