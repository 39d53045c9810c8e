import { crc32c } from '@platformatic/kafka';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../src/domain/fault.ts';
import type { Compression } from '../../src/kafka/config.ts';
import { produceBody } from '../../src/kafka/produce-request.ts';
import { AnswerMemory, committedMessages, MAX_ANSWER_BYTES } from '../../src/kafka/record-batches.ts';
import { runs } from '../../testing/properties/seeds.ts';

const TIME = 1_732_000_000_123;
/** Bytes of the request before the batch: topic `t`, partition 0. */
const BEFORE_BATCH = 27;
const ATTRIBUTES_AT = 21;
const COUNT_AT = 57;

/** A batch as a broker stores it. */
async function batchOf(
  firstOffset: number,
  values: readonly (string | Buffer)[],
  compression: Compression = 'none',
  attributes = 0,
): Promise<Buffer> {
  const messages = values.map((value) => ({ key: 'k', value: Buffer.from(value) }));
  const batch = { topic: 't', partition: 0, sequence: 0, timestamp: TIME, messages };
  const producer = { producerId: '7', producerEpoch: 0 };
  const body = (await produceBody([batch], { producer, compression, checksum: (bytes) => crc32c(bytes) }))();
  const bytes = Buffer.from(body.subarray(BEFORE_BATCH));
  bytes.writeBigInt64BE(BigInt(firstOffset), 0);
  bytes.writeInt16BE(bytes.readInt16BE(ATTRIBUTES_AT) | attributes, ATTRIBUTES_AT);
  return bytes;
}

const raw = (batches: readonly Buffer[], aborted: readonly { producerId: bigint; firstOffset: bigint }[] = []) => ({
  ...{ partition: 0, highWatermark: 99n, lastStableOffset: 99n },
  records: Buffer.concat(batches),
  abortedTransactions: aborted,
});

/** Reads an answer: its messages as text, and its last offset. */
async function read(batches: readonly Buffer[], from = 0n, memory = new AnswerMemory()) {
  const { messages, lastOffset, isCut } = await committedMessages(raw(batches), from, memory);
  const texts = messages.map(({ offset, value }) => `${offset} ${value instanceof Fault ? value.message : value}`);
  return { texts, lastOffset, isCut };
}

const NEEDS = `needs more than ${MAX_ANSWER_BYTES} bytes of memory`;
const LARGE = Buffer.alloc(MAX_ANSWER_BYTES + 1);

describe('the batches of an answer', () => {
  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'are read from an offset on (%s)',
    async (compression) => {
      const batches = [await batchOf(3, ['a', 'b', 'c'], compression), await batchOf(8, ['d'], compression)];
      expect(await read(batches, 4n)).toEqual({ texts: ['4 b', '5 c', '8 d'], lastOffset: 8n, isCut: false });
      const [first] = (await committedMessages(raw(batches), 0n, new AnswerMemory())).messages;
      expect(first).toMatchObject({ key: 'k', timestamp: TIME });
    },
  );

  it('leave out a batch that unfolds to too many bytes, with its offsets, and continue behind it', async () => {
    const batches = [await batchOf(3, ['a']), await batchOf(4, ['x', LARGE], 'zstd'), await batchOf(6, ['b'])];
    const first = await read(batches);
    expect(first).toEqual({ texts: ['3 a'], lastOffset: 3n, isCut: true });
    expect(await read(batches.slice(1))).toEqual({
      texts: [`5 a batch of 2 records ${NEEDS}: offsets 4 to 5 are passed over`, '6 b'],
      ...{ lastOffset: 6n, isCut: false },
    });
  });

  it('leave out a batch of too many records, whether it has them or only claims them', async () => {
    const values = Array.from({ length: MAX_ANSWER_BYTES / 256 }, () => '');
    for (const batch of [await batchOf(0, values, 'zstd'), await batchOf(0, ['a'])]) {
      if (batch.readInt32BE(COUNT_AT) === 1) batch.writeInt32BE(2 ** 31 - 1, COUNT_AT);
      const { texts, isCut } = await read([batch]);
      expect([texts.length, isCut]).toEqual([1, false]);
      expect(texts[0]).toContain(NEEDS);
    }
  });

  it('are left for the next request if together they take too much memory', async () => {
    const half = Buffer.alloc(MAX_ANSWER_BYTES * 0.6);
    const batches = [await batchOf(0, [half], 'zstd'), await batchOf(1, [half], 'zstd')];
    const memory = new AnswerMemory();
    expect(await committedMessages(raw(batches), 0n, memory)).toMatchObject({ lastOffset: 0n, isCut: true });
    // Another partition of the same answer gets nothing, so the answer stays small.
    expect(await committedMessages(raw(batches), 0n, memory)).toMatchObject({ lastOffset: undefined, isCut: true });
    expect(await committedMessages(raw(batches.slice(1)), 0n, new AnswerMemory())).toMatchObject({ lastOffset: 1n });
  });

  it('report an unknown compression, an old format and damaged records, and continue behind them', async () => {
    const [unknown, old, damaged] = [
      await batchOf(0, ['a'], 'none', 5),
      await batchOf(1, ['b']),
      await batchOf(2, ['c']),
    ];
    old.writeInt8(1, 16);
    damaged.writeUInt8(0xff, 61);
    const { texts, lastOffset } = await read([unknown, old, damaged, await batchOf(3, ['d'])]);
    expect(texts).toEqual([
      '0 a batch of 1 records is unreadable: compression 5 is unknown: offsets 0 to 0 are passed over',
      '1 a batch of 1 records is unreadable: its format is 1, allowed: 2: offsets 1 to 1 are passed over',
      expect.stringContaining('2 a batch of 1 records is unreadable: '),
      '3 d',
    ]);
    expect(lastOffset).toBe(3n);
  });

  it('never throw, and never give a message before the requested offset, whatever their bytes are', async () => {
    const good = Buffer.concat([await batchOf(5, ['a', 'b'], 'gzip'), await batchOf(7, ['c', 'd'])]);
    const changes = fc.array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 })), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(changes, fc.nat({ max: good.length }), async (changed, length) => {
        const bytes = Buffer.from(good);
        for (const [at, byte] of changed) bytes[at] = byte;
        const { messages } = await committedMessages(raw([bytes.subarray(0, length)]), 5n, new AnswerMemory());
        for (const { offset } of messages) expect(BigInt(offset)).toBeGreaterThanOrEqual(5n);
      }),
      { numRuns: runs(1000) },
    );
  });

  it('contain no records of an aborted transaction, and no transaction markers', async () => {
    const [TRANSACTIONAL, CONTROL] = [1 << 4, 1 << 5];
    const marker = (offset: number) => batchOf(offset, [''], 'none', TRANSACTIONAL | CONTROL);
    const abort = await marker(2);
    // The key of a marker is a version and a type; type 0 is abort.
    const key = abort.indexOf('k', 61);
    const bytes = Buffer.concat([abort.subarray(0, key - 1), Buffer.from([8, 0, 0, 0, 0]), abort.subarray(key + 1)]);
    bytes.writeInt32BE(bytes.length - 12, 8);
    bytes.writeUInt8(bytes.readUInt8(61) + 6, 61);
    const batches = [
      await batchOf(0, ['a'], 'none', TRANSACTIONAL),
      await batchOf(1, [LARGE], 'zstd', TRANSACTIONAL),
      bytes,
      await batchOf(3, ['b'], 'none', TRANSACTIONAL),
    ];
    const { messages, lastOffset } = await committedMessages(
      raw(batches, [{ producerId: 7n, firstOffset: 1n }]),
      0n,
      new AnswerMemory(),
    );
    expect(messages.map(({ value }) => String(value))).toEqual(['a', 'b']);
    expect(lastOffset).toBe(3n);
  });
});
