import { CODECS } from './compression.ts';
import type { Compression } from './config.ts';
import type { ProduceBatch, ProducerIdAndEpoch } from './contract.ts';

export interface ProduceOptions {
  readonly producer: ProducerIdAndEpoch;
  readonly compression: Compression;
  /** Returns the CRC-32C of the bytes. */
  readonly checksum: (bytes: Buffer) => number;
}

/** A batch, its records in compressed form (undefined: not compressed), and their size in bytes. */
interface Packed {
  readonly batch: ProduceBatch;
  readonly compressed: Uint8Array | undefined;
  readonly size: number;
}

/** All requests share this buffer, because each is copied to its connection before the next one is made. */
let scratch = Buffer.allocUnsafeSlow(256 * 1024);

/** Makes the body of a request; call it once. The next call of any `ProduceBody` overwrites the buffer. */
export type ProduceBody = () => Buffer;

/**
 * Makes the body of a ProduceRequest, version 7 (https://kafka.apache.org/protocol#The_Messages_Produce), with record
 * batches of format 2, `acks=all` and no transactional id.
 */
export async function produceBody(batches: readonly ProduceBatch[], options: ProduceOptions): Promise<ProduceBody> {
  const { compression } = options;
  let packed: readonly Packed[] | undefined =
    compression === 'none'
      ? batches.map((batch) => ({ batch, compressed: undefined, size: sizeOf(batch) }))
      : await Promise.all(batches.map((batch) => compress(batch, compression)));
  return () => {
    if (packed === undefined) throw new Error('the body of a request is made once');
    const body = write(packed, options);
    // Client libraries keep a request long after its answer, and its records would burden the garbage collector.
    packed = undefined;
    return body;
  };
}

const NO_TRANSACTIONAL_ID = -1;
const ACKS_ALL = -1;
/** Bytes of a record batch before its records; bytes up to and including its `batchLength`. */
const BATCH_HEADER_BYTES = 61;
const BYTES_THROUGH_LENGTH = 12;
/** Offset in a record batch of the first byte that its CRC covers. */
const CRC_START = 21;
const MAGIC = 2;
const LEADER_EPOCH_UNKNOWN = -1;
const ATTRIBUTES: Readonly<Record<Compression, number>> = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 };
/** Fixed bytes of a request, of each topic and of each batch, without names and the batches themselves. */
const REQUEST_BYTES = 12;
const TOPIC_BYTES = 6;
const BATCH_BYTES = 8;
/** How long the broker waits for its replicas; less than the request's timeout. */
const REPLICAS_TIMEOUT_MS = 8000;

function sizeOf({ messages }: ProduceBatch): number {
  let size = 0;
  let index = 0;
  for (const { key, value } of messages) size += sizeOfRecord(key, value, index++);
  return size;
}

async function compress(batch: ProduceBatch, compression: Exclude<Compression, 'none'>): Promise<Packed> {
  const records = Buffer.allocUnsafe(sizeOf(batch));
  writeRecords(records, 0, batch);
  const compressed = await CODECS[compression].compress(records);
  return { batch, compressed, size: compressed.length };
}

function writeRecords(target: Uint8Array, from: number, { messages }: ProduceBatch): number {
  let at = from;
  let index = 0;
  for (const { key, value } of messages) at = writeRecord(target, at, key, value, index++);
  return at;
}

function write(packed: readonly Packed[], options: ProduceOptions): Buffer {
  const byTopic = Map.groupBy(packed, ({ batch }) => batch.topic);
  let maxBytes = REQUEST_BYTES;
  for (const [topic, ofTopic] of byTopic) {
    maxBytes += Buffer.byteLength(topic) + TOPIC_BYTES;
    for (const { size } of ofTopic) maxBytes += BATCH_HEADER_BYTES + size + BATCH_BYTES;
  }
  if (scratch.length < maxBytes) scratch = Buffer.allocUnsafeSlow(maxBytes);
  const target = scratch;
  let at = 0;
  at = target.writeInt16BE(NO_TRANSACTIONAL_ID, at);
  at = target.writeInt16BE(ACKS_ALL, at);
  at = target.writeInt32BE(REPLICAS_TIMEOUT_MS, at);
  at = target.writeInt32BE(byTopic.size, at);
  for (const [topic, ofTopic] of byTopic) {
    at = target.writeInt16BE(Buffer.byteLength(topic), at);
    at += target.write(topic, at);
    at = target.writeInt32BE(ofTopic.length, at);
    for (const each of ofTopic) {
      at = target.writeInt32BE(each.batch.partition, at);
      at = target.writeInt32BE(BATCH_HEADER_BYTES + each.size, at);
      at = writeBatch(target, at, each, options);
    }
  }
  return target.subarray(0, at);
}

function writeBatch(
  target: Buffer,
  from: number,
  { batch, compressed, size }: Packed,
  options: ProduceOptions,
): number {
  const { producer, compression, checksum } = options;
  const { messages, sequence, timestamp } = batch;
  const time = BigInt(timestamp);
  let at = target.writeBigInt64BE(0n, from);
  at = target.writeInt32BE(BATCH_HEADER_BYTES - BYTES_THROUGH_LENGTH + size, at);
  at = target.writeInt32BE(LEADER_EPOCH_UNKNOWN, at);
  target[at] = MAGIC;
  at = target.writeInt16BE(ATTRIBUTES[compression], from + CRC_START);
  at = target.writeInt32BE(messages.length - 1, at);
  at = target.writeBigInt64BE(time, at);
  at = target.writeBigInt64BE(time, at);
  at = target.writeBigInt64BE(BigInt(producer.producerId), at);
  at = target.writeInt16BE(producer.producerEpoch, at);
  at = target.writeInt32BE(sequence, at);
  at = target.writeInt32BE(messages.length, at);
  if (compressed === undefined) {
    at = writeRecords(target, at, batch);
  } else {
    target.set(compressed, at);
    at += compressed.length;
  }
  target.writeUInt32BE(checksum(target.subarray(from + CRC_START, at)), from + CRC_START - 4);
  return at;
}

/*
 * A record of a record batch (format 2, https://kafka.apache.org/documentation/#record), without headers, with the
 * batch's time. `offsetDelta` is its index in the batch.
 */

export function sizeOfRecord(key: string, value: Uint8Array, offsetDelta: number): number {
  const size = recordBodyBytes(utf8Of(key).length, value.length, offsetDelta);
  return sizeOfVarint(size) + size;
}

/** Writes a record. Returns the offset after its last byte. */
export function writeRecord(
  target: Uint8Array,
  from: number,
  key: string,
  value: Uint8Array,
  offsetDelta: number,
): number {
  const keyBytes = utf8Of(key);
  const keyLength = keyBytes.length;
  let at = writeVarint(target, from, recordBodyBytes(keyLength, value.length, offsetDelta));
  target[at++] = 0;
  target[at++] = 0;
  at = writeVarint(target, at, offsetDelta);
  at = writeVarint(target, at, keyLength);
  for (let index = 0; index < keyLength; index++) target[at++] = keyBytes[index] as number;
  at = writeVarint(target, at, value.length);
  target.set(value, at);
  at += value.length;
  target[at++] = 0;
  return at;
}

/** Bytes of the attributes and the time delta, and of the number of headers. */
const ATTRIBUTES_AND_TIME = 2;
const NO_HEADERS = 1;

/** Bytes of a record after its length field. */
function recordBodyBytes(keyLength: number, valueLength: number, offsetDelta: number): number {
  return (
    ATTRIBUTES_AND_TIME +
    sizeOfVarint(offsetDelta) +
    sizeOfVarint(keyLength) +
    keyLength +
    sizeOfVarint(valueLength) +
    valueLength +
    NO_HEADERS
  );
}

const MAX_KEYS = 50_000;
/** The UTF-8 bytes of each key: there are few keys, and each has many records. */
const keys = new Map<string, Uint8Array>();

function utf8Of(key: string): Uint8Array {
  let bytes = keys.get(key);
  if (bytes === undefined) {
    if (keys.size >= MAX_KEYS) keys.clear();
    bytes = Buffer.from(key);
    keys.set(key, bytes);
  }
  return bytes;
}

/** Bytes of a number from 0 to 2^30 - 1 in zigzag form: twice the number, seven bits a byte. */
function sizeOfVarint(value: number): number {
  return value < 0x40 ? 1 : value < 0x2000 ? 2 : value < 0x10_0000 ? 3 : value < 0x800_0000 ? 4 : 5;
}

/** Writes a number. Returns the offset after its last byte. */
function writeVarint(bytes: Uint8Array, from: number, value: number): number {
  let at = from;
  let rest = value * 2;
  for (; rest > 0x7f; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
  bytes[at++] = rest;
  return at;
}
