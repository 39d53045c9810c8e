import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortedMessages } from '../../src/kafka/kafkajs/kafkajs.ts';
import { recordBytes } from '../../src/kafka/record-bytes.ts';

const require = createRequire(import.meta.url);
const kafkajsRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (fields: {
  readonly key: string;
  readonly value: Buffer;
  readonly offsetDelta: number;
}) => { readonly buffer: Buffer };
const groupMessagesPerPartition = require('kafkajs/src/producer/groupMessagesPerPartition') as (args: {
  readonly topic: string;
  readonly partitionMetadata: readonly object[];
  readonly messages: readonly object[];
  readonly partitioner: (args: { readonly message: object }) => number;
}) => object;

describe('the bytes of a record', () => {
  it('are those that kafkajs writes', () => {
    const key = fc.oneof(fc.string({ maxLength: 200 }), fc.string({ unit: 'grapheme', maxLength: 40 }));
    const value = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...[8191, 8192, 100_000].map(zeroes)));
    const offset = fc.oneof(fc.nat({ max: 200 }), fc.constantFrom(63, 64, 8191, 8192, 1_048_575, 1_048_576));
    fc.assert(
      fc.property(key, value, offset, (key, bytes, offsetDelta) => {
        const value = Buffer.from(bytes);
        expect(recordBytes(key, value, offsetDelta)).toEqual(kafkajsRecord({ key, value, offsetDelta }).buffer);
      }),
      { numRuns: 500 },
    );
  });
});

describe('messages that are sorted into partitions', () => {
  const parts = [
    { partition: 2, messages: [{ of: 'a' }, { of: 'b' }] },
    { partition: 0, messages: [{ of: 'c' }] },
    { partition: 2, messages: [{ of: 'd' }] },
  ];
  const partitionOf = new Map(parts.flatMap(({ partition, messages }) => messages.map((one) => [one, partition])));
  const sort = (messages: readonly object[], partitioner: (args: { message: object }) => number) =>
    groupMessagesPerPartition({ topic: 't', partitionMetadata: [{}], messages, partitioner });
  const partitioner = ({ message }: { message: object }) => partitionOf.get(message as { of: string }) as number;

  it('are sorted by kafkajs as the same messages in a plain list', () => {
    const sorted = sortedMessages(parts);
    expect(sort(sorted, partitioner)).toEqual(sort([...sorted], partitioner));
    expect(sorted.map(({ of }) => of).join('')).toBe('abcd');
  });

  it('ask the partitioner for each part, and end with what it throws', () => {
    const asked: object[] = [];
    sort(sortedMessages(parts), ({ message }) => {
      asked.push(message);
      return partitioner({ message });
    });
    expect(asked).toEqual([{ of: 'a' }, { of: 'c' }, { of: 'd' }]);
    const throwing = () =>
      sort(sortedMessages(parts), () => {
        throw new Error('moved');
      });
    expect(throwing).toThrow('moved');
  });
});

function zeroes(length: number): Uint8Array {
  return new Uint8Array(length);
}
