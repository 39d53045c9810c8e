import { createRequire } from 'node:module';
import { crc32c, NumericMap, produceV7, Reader, readRecordsBatch } from '@platformatic/kafka';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Compression } from '../../src/kafka/config.ts';
import type { ProduceBatch } from '../../src/kafka/contract.ts';
import { produceBody, sizeOfRecord, writeRecord } from '../../src/kafka/produce-request.ts';
import { runs } from '../../testing/properties/seeds.ts';

const TIMEOUT_MS = 8000;
const TIMESTAMP = 1_732_000_000_123;
const options = (over: {
  readonly compression?: Compression;
  readonly producerId?: bigint;
  readonly producerEpoch?: number;
}) => ({
  producer: { producerId: String(over.producerId ?? 7n), producerEpoch: over.producerEpoch ?? 0 },
  compression: over.compression ?? 'none',
  checksum: (bytes: Buffer) => crc32c(bytes),
});

const message = fc.record({
  key: fc.oneof(
    fc.string({ minLength: 1, maxLength: 80 }),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
  ),
  value: fc
    .oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom(8191, 8192, 70_000).map((length) => new Uint8Array(length)),
    )
    .map(Buffer.from),
});
const batch = fc.record({
  topic: fc.constantFrom('trades', 'prices', 'x'.repeat(200)),
  partition: fc.nat({ max: 9 }),
  sequence: fc.nat({ max: 2 ** 31 - 1 }),
  timestamp: fc.constant(TIMESTAMP),
  messages: fc.array(message, { minLength: 1, maxLength: 60 }),
});
/** The batches are sorted by partition, as the library sorts them. */
const partitions = fc
  .uniqueArray(batch, { selector: ({ topic, partition }) => `${topic}:${partition}`, minLength: 1, maxLength: 12 })
  .map((batches) => batches.toSorted((a, b) => a.partition - b.partition));

/** The request that the library makes for the same batches. */
function byLibrary(batches: readonly ProduceBatch[], producerId: bigint, producerEpoch: number): Buffer {
  const sequences = new NumericMap();
  for (const { topic, partition, sequence } of batches) sequences.set(`${topic}:${partition}`, sequence);
  const timestamp = BigInt(TIMESTAMP);
  const messages = batches.flatMap(({ topic, partition, messages }) =>
    messages.map(({ key, value }) => ({ topic, partition, timestamp, key: Buffer.from(key), value })),
  );
  const producer = { producerId, producerEpoch, sequences, partitionLeaderEpoch: -1 };
  return produceV7.createRequest(-1, TIMEOUT_MS, messages, producer).buffer;
}

describe('the body of a produce request', () => {
  it('equals the body that @platformatic/kafka writes', async () => {
    const id = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
    const epoch = fc.nat({ max: 32_767 });
    await fc.assert(
      fc.asyncProperty(partitions, id, epoch, async (batches, producerId, producerEpoch) => {
        const body = await produceBody(batches, options({ producerId, producerEpoch }));
        expect(body().equals(byLibrary(batches, producerId, producerEpoch))).toBe(true);
      }),
      { numRuns: runs(100) },
    );
  });

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'has records that are compressed with %s',
    async (compression) => {
      const messages = Array.from({ length: 50 }, (_, index) => ({
        key: `k${index}`,
        value: Buffer.from(`v${index}`.repeat(9)),
      }));
      const body = (
        await produceBody(
          [{ topic: 't', partition: 0, sequence: 5, timestamp: TIMESTAMP, messages }],
          options({ compression }),
        )
      )();
      // Skips the transactional id, acknowledgements, timeout, number of topics, topic name of one letter, number of
      // partitions, partition and length.
      const read = readRecordsBatch(Reader.from(body.subarray(2 + 2 + 4 + 4 + 3 + 4 + 4 + 4)));
      expect(read).toMatchObject({ firstSequence: 5, producerId: 7n, lastOffsetDelta: 49, magic: 2 });
      expect(read.records.map(({ key, value }) => [String(key), String(value)])).toEqual(
        messages.map(({ key, value }) => [key, String(value)]),
      );
    },
  );

  it('can be made only once', async () => {
    const batches = [{ topic: 't', partition: 0, sequence: 0, timestamp: TIMESTAMP, messages: [] }];
    const body = await produceBody(batches, options({}));
    body();
    expect(() => body()).toThrow('the body of a request is made once');
  });
});

const require = createRequire(import.meta.url);
const kafkajsRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (fields: {
  readonly key: string;
  readonly value: Buffer;
  readonly offsetDelta: number;
}) => { readonly buffer: Buffer };

describe('the bytes of a record', () => {
  it('equal the bytes that kafkajs writes', () => {
    const key = fc.oneof(fc.string({ maxLength: 200 }), fc.string({ unit: 'grapheme', maxLength: 40 }));
    const value = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...[8191, 8192, 100_000].map(zeroes)));
    const offset = fc.oneof(fc.nat({ max: 200 }), fc.constantFrom(63, 64, 8191, 8192, 1_048_575, 1_048_576));
    fc.assert(
      fc.property(key, value, offset, (key, bytes, offsetDelta) => {
        const value = Buffer.from(bytes);
        const written = Buffer.alloc(sizeOfRecord(key, value, offsetDelta));
        expect(writeRecord(written, 0, key, value, offsetDelta)).toBe(written.length);
        // `toEqual` compares long buffers slowly.
        expect(written.equals(kafkajsRecord({ key, value, offsetDelta }).buffer)).toBe(true);
      }),
      { numRuns: runs(500) },
    );
  });
});

function zeroes(length: number): Uint8Array {
  return new Uint8Array(length);
}
