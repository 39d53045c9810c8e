import { crc32 } from 'node:zlib';
import { codecOf, type RecordReader } from '../../codec/avro.ts';
import type { RecordKind } from '../../domain/record.ts';
import type { TradeLoss } from '../queue/loss-ledger.ts';
import type { QueueEntry } from '../queue/out-queue.ts';

/**
 * A segment file is `mfspill1` and then frames:
 *
 *     F5 A7 | length of the body, u32 | CRC-32 of the body, u32 | body
 *     body: type, u8 | seq, f64 | what the type says       (all big-endian)
 *
 * header (first): JSON, the schemas of its records. record: flags, u8 (1: barrier) | place of its schema in the header,
 * u8 | topic, u8 length | key, u16 length | Avro body. commit: f64 a class, the last seq written to it. loss: JSON.
 */
export const MAGIC = Buffer.from('mfspill1');
export const HEADER = 0;
export const RECORD = 1;
export const COMMIT = 2;
export const LOSS = 3;

const MARK = Buffer.from([0xf5, 0xa7]);
const HEAD_BYTES = 10;
/** Type and seq. */
const BODY_HEAD = 9;
/** Far above a book of 10,000 levels (250 kB) and a dead letter (64 KiB): a longer length is a broken one. */
const LONGEST_BODY = 2 ** 20;

export interface Frame {
  readonly type: number;
  readonly seq: number;
  readonly bytes: Buffer;
  /** Of what follows type and seq, in `bytes`. */
  readonly start: number;
  readonly end: number;
  /** What stands before it could not be read. */
  readonly afterBreak: boolean;
}

export interface ParsedFrames {
  readonly frames: readonly Frame[];
  /** Bytes that are done with; what follows needs more to be a frame, or is a torn one. */
  readonly used: number;
  /** The last of the bytes used up are broken. */
  readonly broken: boolean;
}

/** The whole frames of `bytes`; broken ones are passed over. `atEnd`: nothing follows the bytes. */
export function parseFrames(bytes: Buffer, atEnd: boolean, afterBreak = false): ParsedFrames {
  const frames: Frame[] = [];
  let used = 0;
  let at = 0;
  let broken = afterBreak;
  while (at < bytes.length) {
    const length = frameAt(bytes, at);
    if (length > 0) {
      const end = at + HEAD_BYTES + length;
      const body = at + HEAD_BYTES;
      const type = bytes[body] as number;
      frames.push({ type, seq: bytes.readDoubleBE(body + 1), bytes, start: body + BODY_HEAD, end, afterBreak: broken });
      broken = false;
      at = end;
      used = end;
    } else if (length === INCOMPLETE && !atEnd) {
      if (at > used) broken = true;
      return { frames, used: at, broken };
    } else {
      const next = bytes.indexOf(MARK, at + 1);
      if (next >= 0) {
        broken = true;
        at = next;
      } else {
        // At the end of the file it is a torn frame; before it the mark may be cut in two.
        if (atEnd) return { frames, used, broken: false };
        return { frames, used: bytes.length - 1, broken: true };
      }
    }
  }
  return { frames, used, broken };
}

const INCOMPLETE = 0;
const BROKEN = -1;

/** The length of the body of a whole, sound frame. */
function frameAt(bytes: Buffer, at: number): number {
  if (bytes.length - at < HEAD_BYTES) return INCOMPLETE;
  if (bytes[at] !== MARK[0] || bytes[at + 1] !== MARK[1]) return BROKEN;
  const length = bytes.readUInt32BE(at + 2);
  if (length < BODY_HEAD || length > LONGEST_BODY) return BROKEN;
  const body = at + HEAD_BYTES;
  if (body + length > bytes.length) return INCOMPLETE;
  return crc32(bytes.subarray(body, body + length)) === bytes.readUInt32BE(at + 6) ? length : BROKEN;
}

function seal(frame: Buffer, type: number, seq: number): Buffer {
  frame[0] = MARK[0] as number;
  frame[1] = MARK[1] as number;
  frame.writeUInt32BE(frame.length - HEAD_BYTES, 2);
  frame[HEAD_BYTES] = type;
  frame.writeDoubleBE(seq, HEAD_BYTES + 1);
  frame.writeUInt32BE(crc32(frame.subarray(HEAD_BYTES)), 6);
  return frame;
}

function jsonFrame(type: number, seq: number, value: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(value));
  const frame = Buffer.allocUnsafe(HEAD_BYTES + BODY_HEAD + text.length);
  text.copy(frame, HEAD_BYTES + BODY_HEAD);
  return seal(frame, type, seq);
}

export const frameJson = ({ bytes, start, end }: Frame): unknown => JSON.parse(bytes.toString('utf8', start, end));

/** The kinds of records that a segment's header names, in the order of their numbers; new ones go to the end. */
const KINDS: readonly RecordKind[] = [
  'price',
  'book_ticker',
  'kline',
  'dead_letter',
  'trade',
  'agg_trade',
  'gap',
  'position',
  'status',
  'order_book',
  'book_delta',
  'trade_stats',
  'large_trade',
];
const numbers = new Map(KINDS.map((kind, number) => [kind, number]));

let head: Buffer | undefined;

/** Magic and header of a segment written by this program. */
export function segmentHead(): Buffer {
  head ??= Buffer.concat([MAGIC, jsonFrame(HEADER, 0, { schemas: KINDS.map((kind) => codecOf(kind).schemaJson) })]);
  return head;
}

/** @throws Fault (encode) where the record is none of its schema. */
export function recordFrame({ seq, barrier, out }: QueueEntry): Buffer {
  const { topic, key, record } = out;
  const topicBytes = Buffer.byteLength(topic);
  const keyBytes = Buffer.byteLength(key);
  const head = Buffer.allocUnsafe(HEAD_BYTES + BODY_HEAD + 5 + topicBytes + keyBytes);
  let at = HEAD_BYTES + BODY_HEAD;
  head[at++] = barrier ? 1 : 0;
  head[at++] = numbers.get(record.kind) as number;
  head[at++] = topicBytes;
  at += head.write(topic, at);
  at = head.writeUInt16BE(keyBytes, at);
  head.write(key, at);
  return seal(codecOf(record.kind).encode(record, head), RECORD, seq);
}

export const topicOfFrame = ({ bytes, start }: Frame): string =>
  bytes.toString('utf8', start + 3, start + 3 + (bytes[start + 2] as number));

/** @throws Fault (malformed) where the reader of its schema cannot read it. */
export function entryOf(frame: Frame, readers: readonly (RecordReader | undefined)[]): QueueEntry {
  const { bytes, start, seq } = frame;
  const topicEnd = start + 3 + (bytes[start + 2] as number);
  const keyStart = topicEnd + 2;
  const keyEnd = keyStart + bytes.readUInt16BE(topicEnd);
  const reader = readers[bytes[start + 1] as number] ?? codecOf(KINDS[bytes[start + 1] as number] as RecordKind);
  const out = {
    topic: bytes.toString('utf8', start + 3, topicEnd),
    key: bytes.toString('utf8', keyStart, keyEnd),
    record: reader.read(bytes, keyEnd).record,
  };
  return { seq, barrier: ((bytes[start] as number) & 1) !== 0, out };
}

/** Everything up to `seq` is written, in every class: what a crash leaves behind it is cut off. */
export function commitFrame(seq: number, lastSeqs: readonly number[]): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + BODY_HEAD + 8 * lastSeqs.length);
  for (const [index, last] of lastSeqs.entries()) frame.writeDoubleBE(last, HEAD_BYTES + BODY_HEAD + 8 * index);
  return seal(frame, COMMIT, seq);
}

export function lastSeqsOf({ bytes, start, end }: Frame): number[] {
  return Array.from({ length: (end - start) / 8 }, (_, index) => bytes.readDoubleBE(start + 8 * index));
}

export const lossFrame = (seq: number, loss: TradeLoss): Buffer => jsonFrame(LOSS, seq, loss);

export const lossOf = (frame: Frame): TradeLoss => frameJson(frame) as TradeLoss;
