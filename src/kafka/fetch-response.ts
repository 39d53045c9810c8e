import type { FetchedPartition } from './contract.ts';
import { AnswerMemory, committedMessages, type RawPartition } from './record-batches.ts';

/* Reads the body of a FetchResponse, version 11: https://kafka.apache.org/protocol#The_Messages_Fetch. */

export const FETCH_VERSION = 11;

let answers = 0;

/**
 * Returns the committed messages of a broker's answer, from the offsets of the request on. Both client libraries would
 * unfold compressed batches without a limit.
 * @throws the error that `errorOf` makes of the broker's error code
 */
export async function readFetchResponse(
  body: Buffer,
  offsets: ReadonlyMap<number, bigint>,
  errorOf: (code: number) => Error | undefined,
): Promise<FetchedPartition[]> {
  const partitions = partitionsIn(body, errorOf);
  const memory = new AnswerMemory();
  // Each answer begins with another partition, so that large batches in one do not delay the others for ever.
  const first = answers++ % Math.max(1, partitions.length);
  const fetched: FetchedPartition[] = [];
  for (const raw of [...partitions.slice(first), ...partitions.slice(0, first)])
    fetched.push(await committedMessages(raw, offsets.get(raw.partition) ?? 0n, memory));
  return fetched;
}

function partitionsIn(body: Buffer, errorOf: (code: number) => Error | undefined): readonly RawPartition[] {
  const reader = new BodyReader(body);
  const throwError = (code: number) => {
    const error = errorOf(code);
    if (error !== undefined) throw error;
  };
  reader.int32(); // throttle time
  throwError(reader.int16());
  reader.int32(); // session
  return reader
    .array(() => {
      reader.bytes(reader.int16()); // topic
      return reader.array(() => {
        const partition = reader.int32();
        throwError(reader.int16());
        const [highWatermark, lastStableOffset] = [reader.int64(), reader.int64()];
        reader.int64(); // first offset
        const abortedTransactions = reader.array(() => ({ producerId: reader.int64(), firstOffset: reader.int64() }));
        reader.int32(); // preferred replica
        const records = reader.bytes(reader.int32());
        return { partition, highWatermark, lastStableOffset, abortedTransactions, records };
      });
    })
    .flat();
}

class BodyReader {
  readonly #body: Buffer;
  #at = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  int16(): number {
    this.#at += 2;
    return this.#body.readInt16BE(this.#at - 2);
  }

  int32(): number {
    this.#at += 4;
    return this.#body.readInt32BE(this.#at - 4);
  }

  int64(): bigint {
    this.#at += 8;
    return this.#body.readBigInt64BE(this.#at - 8);
  }

  /** Returns an empty buffer if the length is negative: null. */
  bytes(length: number): Buffer {
    const start = this.#at;
    this.#at += Math.max(0, length);
    return this.#body.subarray(start, this.#at);
  }

  array<T>(read: () => T): T[] {
    const items: T[] = [];
    for (let count = this.int32(); items.length < count; ) items.push(read());
    return items;
  }
}
