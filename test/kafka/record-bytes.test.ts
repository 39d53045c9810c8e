import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sizeOfRecord, writeRecord } from '../../src/kafka/record-bytes.ts';

const require = createRequire(import.meta.url);
const kafkajsRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (fields: {
  readonly key: string;
  readonly value: Buffer;
  readonly offsetDelta: number;
}) => { readonly buffer: Buffer };

describe('the bytes of a record', () => {
  it('are those that kafkajs writes', () => {
    const key = fc.oneof(fc.string({ maxLength: 200 }), fc.string({ unit: 'grapheme', maxLength: 40 }));
    const value = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...[8191, 8192, 100_000].map(zeroes)));
    const offset = fc.oneof(fc.nat({ max: 200 }), fc.constantFrom(63, 64, 8191, 8192, 1_048_575, 1_048_576));
    fc.assert(
      fc.property(key, value, offset, (key, bytes, offsetDelta) => {
        const value = Buffer.from(bytes);
        const written = Buffer.alloc(sizeOfRecord(key, value, offsetDelta));
        expect(writeRecord(written, 0, key, value, offsetDelta)).toBe(written.length);
        expect(written).toEqual(kafkajsRecord({ key, value, offsetDelta }).buffer);
      }),
      { numRuns: 500 },
    );
  });
});

function zeroes(length: number): Uint8Array {
  return new Uint8Array(length);
}
