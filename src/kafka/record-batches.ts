import { Fault } from '../domain/fault.ts';
import { CODECS, type Codec } from './compression.ts';
import type { FetchedPartition, TopicMessage } from './contract.ts';

/* Reads record batches of format 2: https://kafka.apache.org/documentation/#recordbatch. */

/** A partition in a broker's answer, with its batches as bytes. */
export interface RawPartition extends Pick<FetchedPartition, 'partition' | 'highWatermark' | 'lastStableOffset'> {
  readonly abortedTransactions: readonly { readonly producerId: bigint; readonly firstOffset: bigint }[];
  readonly records: Buffer;
}

/** Maximum memory for the records of one answer, bytes. A batch that alone takes more is passed over. */
export const MAX_ANSWER_BYTES = 64 * 2 ** 20;
/** Memory of a message without its key and value, bytes, approximately. */
const MESSAGE_BYTES = 256;

/** The memory that is left for the records of an answer. */
export class AnswerMemory {
  left = MAX_ANSWER_BYTES;

  get isUnused(): boolean {
    return this.left === MAX_ANSWER_BYTES;
  }
}

const BATCH_HEADER_BYTES = 61;
const BYTES_THROUGH_LENGTH = 12;
const FORMAT = 2;
const CODEC_MASK = 7;
const CODECS_BY_NUMBER: readonly (Codec | undefined)[] = [
  undefined,
  ...[CODECS.gzip, CODECS.snappy, CODECS.lz4, CODECS.zstd],
];
const IS_APPEND_TIME = 1 << 3;
const IS_TRANSACTIONAL = 1 << 4;
const IS_CONTROL = 1 << 5;
const ABORT = 0;
const CONTROL_TYPE_AT = 2;

interface Batch {
  readonly format: number;
  readonly attributes: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly firstTime: number;
  readonly maxTime: number;
  readonly producerId: bigint;
  readonly count: number;
  readonly records: Buffer;
}

/**
 * Returns the committed records of a fetched partition from an offset on, without control records and records of
 * aborted transactions. An unreadable batch, or one that takes too much memory, becomes one message with a Fault. If
 * the memory of the answer is used up, the rest is left out (`isCut`).
 */
export async function committedMessages(
  raw: RawPartition,
  from: bigint,
  memory: AnswerMemory,
): Promise<FetchedPartition> {
  const { partition, highWatermark, lastStableOffset } = raw;
  const aborted = raw.abortedTransactions.toSorted((a, b) => Number(a.firstOffset - b.firstOffset));
  const open = new Set<bigint>();
  const messages: TopicMessage[] = [];
  let lastOffset: bigint | undefined;
  let isCut = false;
  for (const batch of batchesIn(raw.records)) {
    const { attributes, producerId } = batch;
    for (let next = aborted[0]; next !== undefined && next.firstOffset <= batch.lastOffset; next = aborted[0]) {
      open.add(next.producerId);
      aborted.shift();
    }
    if ((attributes & IS_CONTROL) !== 0) {
      if (isAbort(batch)) open.delete(producerId);
    } else if ((attributes & IS_TRANSACTIONAL) === 0 || !open.has(producerId)) {
      const read = await messagesOf(batch, partition, Number(from), memory);
      if (read === undefined) {
        isCut = true;
        break;
      }
      for (const message of read) messages.push(message);
    }
    lastOffset = BigInt(batch.lastOffset);
  }
  return { partition, highWatermark, lastStableOffset, lastOffset, isCut, messages };
}

/** Splits bytes into batches; the last batch of an answer may be cut off. */
function* batchesIn(bytes: Buffer): Generator<Batch, void, undefined> {
  for (let at = 0; at + BATCH_HEADER_BYTES <= bytes.length; ) {
    const end = at + BYTES_THROUGH_LENGTH + bytes.readInt32BE(at + 8);
    if (end > bytes.length || end < at + BATCH_HEADER_BYTES) return;
    const format = bytes.readInt8(at + 16);
    const firstOffset = Number(bytes.readBigInt64BE(at));
    yield {
      format,
      attributes: bytes.readInt16BE(at + 21),
      firstOffset,
      lastOffset: firstOffset + (format === FORMAT ? bytes.readInt32BE(at + 23) : 0),
      firstTime: Number(bytes.readBigInt64BE(at + 27)),
      maxTime: Number(bytes.readBigInt64BE(at + 35)),
      producerId: bytes.readBigInt64BE(at + 43),
      count: bytes.readInt32BE(at + 57),
      records: bytes.subarray(at + BATCH_HEADER_BYTES, end),
    };
    at = end;
  }
}

/** Returns the messages of a batch; undefined: the answer has no memory left for them. */
async function messagesOf(
  batch: Batch,
  partition: number,
  from: number,
  memory: AnswerMemory,
): Promise<readonly TopicMessage[] | undefined> {
  const { attributes, firstOffset, lastOffset, count, maxTime } = batch;
  if (lastOffset < from) return [];
  const passOver = (reason: string): readonly TopicMessage[] => {
    const text = `${reason}: offsets ${firstOffset} to ${lastOffset} are passed over`;
    const value = new Fault('malformed', text, { retry: { kind: 'never' } });
    return [{ partition, offset: String(lastOffset), timestamp: maxTime, key: null, value }];
  };
  const tooLarge = (): readonly TopicMessage[] | undefined => {
    if (memory.isUnused)
      return passOver(`a batch of ${count} records needs more than ${MAX_ANSWER_BYTES} bytes of memory`);
    memory.left = 0;
    return undefined;
  };
  try {
    if (batch.format !== FORMAT) throw new Error(`its format is ${batch.format}, allowed: ${FORMAT}`);
    const left = memory.left - count * MESSAGE_BYTES;
    if (left <= 0) return tooLarge();
    const codecNumber = attributes & CODEC_MASK;
    const codec = CODECS_BY_NUMBER[codecNumber];
    if (codecNumber !== 0 && codec === undefined) throw new Error(`compression ${codecNumber} is unknown`);
    const bytes = codec === undefined ? batch.records : await codec.decompress(batch.records, left);
    if (bytes === undefined) return tooLarge();
    const messages = readRecords(bytes, batch, partition, from);
    memory.left = codec === undefined ? left : left - bytes.length;
    return messages;
  } catch (error) {
    return passOver(`a batch of ${count} records is unreadable: ${error instanceof Error ? error.message : error}`);
  }
}

/** @throws Error if the bytes are not the records of the batch */
function readRecords(bytes: Buffer, batch: Batch, partition: number, from: number): TopicMessage[] {
  const { attributes, firstOffset, lastOffset, firstTime, maxTime, count } = batch;
  const appendTime = (attributes & IS_APPEND_TIME) === 0 ? undefined : maxTime;
  const reader = new RecordReader(bytes);
  const messages: TopicMessage[] = [];
  for (let index = 0; index < count; index++) {
    const { timeDelta, offsetDelta, key, value } = reader.next();
    const offset = firstOffset + offsetDelta;
    if (offset < firstOffset || offset > lastOffset) throw new Error(`a record has the offset ${offset}`);
    if (offset < from) continue;
    const timestamp = appendTime ?? firstTime + timeDelta;
    messages.push({ partition, offset: String(offset), timestamp, key: key === null ? null : key.toString(), value });
  }
  return messages;
}

function isAbort({ records }: Batch): boolean {
  try {
    return new RecordReader(records).next().key?.readInt16BE(CONTROL_TYPE_AT) === ABORT;
  } catch {
    return false;
  }
}

class RecordReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  next() {
    const length = this.#varint();
    const end = this.#at + length;
    if (length < 0 || end > this.#bytes.length) throw new Error('a record is cut off');
    this.#at++; // attributes: unused
    const timeDelta = this.#varint();
    const offsetDelta = this.#varint();
    const key = this.#bytesBefore(end);
    const value = this.#bytesBefore(end);
    this.#at = end; // past the headers
    return { timeDelta, offsetDelta, key, value };
  }

  #bytesBefore(end: number): Buffer | null {
    const length = this.#varint();
    if (length < 0) return null;
    const start = this.#at;
    this.#at += length;
    if (this.#at > end) throw new Error('a key or value is longer than its record');
    return this.#bytes.subarray(start, this.#at);
  }

  /** Numbers beyond 2^53 lose precision; only times can be that large. */
  #varint(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new Error('a record is cut off');
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    throw new Error('a number has more than ten bytes');
  }
}
