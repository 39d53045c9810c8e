import { describe, expect, it, vi } from 'vitest';
import { codecOf } from '../../src/codec/avro.ts';
import { toJson } from '../../src/codec/json-view.ts';
import { encodeConfluent, encodeSingleObject, newWireDecoder } from '../../src/codec/wire-format.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import { sampleRecords, sampleTrade } from '../../testing/records/sample-records.ts';

const body = (record: FeedRecord): Buffer => codecOf(record.kind).encode(record);

describe('wire format', () => {
  it.each(sampleRecords.map((record) => [record.kind, record] as const))('encodes a single object: %s', (_, record) => {
    const message = encodeSingleObject(record);
    const fingerprint = Buffer.from(codecOf(record.kind).fingerprint);
    expect(message).toEqual(Buffer.concat([Buffer.of(0xc3, 0x01), fingerprint, body(record)]));
    const decoded = newWireDecoder()(message);
    expect(decoded).not.toBeInstanceOf(Promise);
    expect(toJson(decoded as FeedRecord)).toEqual(toJson(record));
  });

  it('writes the Confluent id big-endian, and asks for its schema once', async () => {
    const record = sampleTrade();
    const message = encodeConfluent(record, 0x01020304);
    expect(message).toEqual(Buffer.concat([Buffer.of(0, 1, 2, 3, 4), body(record)]));
    expect(encodeConfluent(record, 7).subarray(0, 5)).toEqual(Buffer.of(0, 0, 0, 0, 7));

    const schemaById = vi.fn(async () => codecOf('trade').schemaJson);
    const decode = newWireDecoder(schemaById);
    expect({ ...(await decode(message)) }).toEqual(record);
    expect({ ...decode(message) }).toEqual(record);
    expect(schemaById.mock.calls).toEqual([[0x01020304]]);
  });

  it('decodes a message that lies within a larger buffer', () => {
    const message = encodeSingleObject(sampleTrade());
    const larger = Buffer.concat([Buffer.alloc(3), message, Buffer.alloc(3)]);
    const within = new Uint8Array(larger.buffer, larger.byteOffset + 3, message.length);
    expect(newWireDecoder()(within)).toMatchObject({ tradeId: sampleTrade().tradeId });
  });

  it('asks for the schema again after the registry failed', async () => {
    const schemaById = vi.fn(async () => codecOf('trade').schemaJson);
    schemaById.mockRejectedValueOnce(new Error('away'));
    const decode = newWireDecoder(schemaById);
    await expect(decode(encodeConfluent(sampleTrade(), 7))).rejects.toThrow('away');
    expect(await decode(encodeConfluent(sampleTrade(), 7))).toMatchObject({ kind: 'trade' });
  });

  it.each([
    ['an empty message', Buffer.alloc(0)],
    ['JSON', Buffer.from('{"price":"1"}')],
    ['another version of single-object encoding', Buffer.concat([Buffer.of(0xc3, 0x02), Buffer.alloc(20)])],
    ['an unknown fingerprint', Buffer.concat([Buffer.of(0xc3, 0x01), Buffer.alloc(20)])],
    ['a truncated fingerprint', Buffer.of(0xc3, 0x01, 0x6c)],
    ['a truncated id', Buffer.of(0, 0, 0)],
    ['a truncated body', encodeSingleObject(sampleTrade()).subarray(0, 40)],
    ['bytes after the body', Buffer.concat([encodeSingleObject(sampleTrade()), Buffer.of(0)])],
  ])('refuses %s', (_, message) => {
    expect(() => newWireDecoder()(message)).toThrow(expect.objectContaining({ kind: 'malformed' }));
  });

  it('refuses the Confluent wire format if no registry is configured', async () => {
    await expect(newWireDecoder()(encodeConfluent(sampleTrade(), 7))).rejects.toMatchObject({ kind: 'malformed' });
  });
});
