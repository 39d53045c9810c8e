import { connect, type Socket } from 'node:net';

/**
 * Reads a topic of one broker over a bare socket: Fetch version 4, record batches version 2, no compression. A Kafka
 * client would use so much CPU that a small machine would measure the reader.
 */
export interface FetchOptions {
  readonly broker: string;
  readonly topic: string;
  readonly partitions: number;
  /**
   * Called with each record, in the order of its partition. `at`: when the response was complete, by performance.now().
   */
  readonly onRecord: (value: Buffer, at: number) => void;
}

const FETCH = 1;
const VERSION = 4;
const READ_COMMITTED = 1;
const MAX_WAIT_MS = 100;
const MAX_PARTITION_BYTES = 4 * 2 ** 20;
const CONTROL_BATCH = 0x20;
const CODEC = 0x07;
/** Error codes of a topic that has just been created: unknown topic, no leader yet, not the leader. */
const NOT_YET: ReadonlySet<number> = new Set([3, 5, 6]);

/** Reads from the beginning and never ends. Rejects when the connection ends or a response is invalid. */
export async function fetchTopic({ broker, topic, partitions, onRecord }: FetchOptions): Promise<never> {
  const [host = '', port = ''] = broker.split(':');
  const socket = connect({ host, port: Number(port), noDelay: true });
  const responses = responsesOf(socket);
  const offsets = new Array<number>(partitions).fill(0);
  for (let correlation = 1; ; correlation++) {
    socket.write(request(correlation, topic, offsets));
    const { value: body, done } = await responses.next();
    if (done === true) throw new Error('the broker closed the connection');
    readResponse(body, offsets, performance.now(), onRecord);
  }
}

/** Yields the responses of the broker, without their length prefix. */
async function* responsesOf(socket: Socket): AsyncGenerator<Buffer, void> {
  let chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size < 4) continue;
    const first = chunks[0] as Buffer;
    const head = first.length < 4 ? Buffer.concat(chunks) : first;
    if (size < 4 + head.readInt32BE(0)) continue;
    const body = Buffer.concat(chunks).subarray(4);
    chunks = [];
    size = 0;
    yield body;
  }
}

function request(correlation: number, topic: string, offsets: readonly number[]): Buffer {
  const bytes = Buffer.alloc(64 + topic.length + 16 * offsets.length);
  let at = 4;
  const int16 = (value: number) => {
    at = bytes.writeInt16BE(value, at);
  };
  const int32 = (value: number) => {
    at = bytes.writeInt32BE(value, at);
  };
  const text = (value: string) => {
    int16(value.length);
    at += bytes.write(value, at, 'latin1');
  };
  int16(FETCH);
  int16(VERSION);
  int32(correlation);
  text('bench');
  int32(-1);
  int32(MAX_WAIT_MS);
  int32(1);
  int32(MAX_PARTITION_BYTES * offsets.length);
  at = bytes.writeInt8(READ_COMMITTED, at);
  int32(1);
  text(topic);
  int32(offsets.length);
  for (const [partition, offset] of offsets.entries()) {
    int32(partition);
    at = bytes.writeBigInt64BE(BigInt(offset), at);
    int32(MAX_PARTITION_BYTES);
  }
  bytes.writeInt32BE(at - 4, 0);
  return bytes.subarray(0, at);
}

/** Position of the next byte in the response. */
let at = 0;

function readResponse(body: Buffer, offsets: number[], now: number, onRecord: FetchOptions['onRecord']): void {
  at = 8; // skips the correlation id and the throttle time
  for (let topics = int32(body); topics > 0; topics--) {
    at += 2 + body.readInt16BE(at);
    for (let left = int32(body); left > 0; left--) {
      const partition = int32(body);
      const error = body.readInt16BE(at);
      if (error !== 0 && !NOT_YET.has(error)) throw new Error(`fetch of partition ${partition}: error ${error}`);
      at += 2 + 8 + 8;
      const aborted = int32(body);
      at += Math.max(0, aborted) * 16;
      const end = int32(body) + at;
      while (end - at > 12 && at + 12 + body.readInt32BE(at + 8) <= end)
        offsets[partition] = readBatch(body, offsets[partition] as number, now, onRecord);
      at = end;
    }
  }
}

function int32(body: Buffer): number {
  const value = body.readInt32BE(at);
  at += 4;
  return value;
}

/** Reads a record batch and returns the offset after it. */
function readBatch(body: Buffer, from: number, now: number, onRecord: FetchOptions['onRecord']): number {
  const base = Number(body.readBigInt64BE(at));
  const end = at + 12 + body.readInt32BE(at + 8);
  const attributes = body.readInt16BE(at + 21);
  const next = base + body.readInt32BE(at + 23) + 1;
  const count = body.readInt32BE(at + 57);
  if ((attributes & CODEC) !== 0) throw new Error('a compressed batch');
  at += 61;
  for (let record = 0; record < count && (attributes & CONTROL_BATCH) === 0; record++) {
    const recordEnd = varint(body) + at;
    at++;
    varint(body); // skips the timestamp
    const offset = base + varint(body);
    const key = varint(body);
    at += Math.max(0, key);
    const length = varint(body);
    if (offset >= from) onRecord(body.subarray(at, at + length), now);
    at = recordEnd;
  }
  at = end;
  return next;
}

/** Reads a zigzag-encoded integer below 2^53. */
function varint(body: Buffer): number {
  let value = 0;
  let scale = 1;
  for (;;) {
    const byte = body[at++] as number;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    scale *= 128;
  }
}
