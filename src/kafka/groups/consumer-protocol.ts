/**
 * What the members of a consumer group tell each other, as any Kafka consumer does, in version 0 of its format
 * (ConsumerProtocolSubscription and ConsumerProtocolAssignment of Kafka's message definitions).
 */

/** What the leader is told of a member: its topic, and bytes that only its assigner reads. */
export function encodeSubscription(topic: string, userData: Buffer): Buffer {
  return Buffer.concat([int16(VERSION), int32(1), text(topic), bytes(userData)]);
}

/** The bytes for the assigner. */
export function subscribedUserData(subscription: Buffer): Buffer {
  const reader = new Reader(subscription);
  reader.int16();
  for (let topics = reader.int32(); topics > 0; topics--) reader.text();
  return reader.bytes();
}

/** The partitions of a member, and bytes for its assigner. */
export interface Assignment {
  readonly partitions: readonly number[];
  readonly userData: Buffer;
}

export function encodeAssignment(topic: string, { partitions, userData }: Assignment): Buffer {
  const list = [int32(partitions.length), ...partitions.map(int32)];
  return Buffer.concat([int16(VERSION), int32(1), text(topic), ...list, bytes(userData)]);
}

export function decodeAssignment(topic: string, assignment: Buffer): Assignment {
  if (assignment.length === 0) return { partitions: [], userData: assignment };
  const reader = new Reader(assignment);
  reader.int16();
  let partitions: readonly number[] = [];
  for (let topics = reader.int32(); topics > 0; topics--) {
    const isOurs = reader.text() === topic;
    const list = Array.from({ length: reader.int32() }, () => reader.int32());
    if (isOurs) partitions = list;
  }
  return { partitions, userData: reader.bytes() };
}

const VERSION = 0;

function int16(value: number): Buffer {
  const written = Buffer.alloc(2);
  written.writeInt16BE(value);
  return written;
}

function int32(value: number): Buffer {
  const written = Buffer.alloc(4);
  written.writeInt32BE(value);
  return written;
}

function text(value: string): Buffer {
  const encoded = Buffer.from(value);
  return Buffer.concat([int16(encoded.length), encoded]);
}

function bytes(value: Buffer): Buffer {
  return Buffer.concat([int32(value.length), value]);
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(from: Buffer) {
    this.#bytes = from;
  }

  int16(): number {
    this.#at += 2;
    return this.#bytes.readInt16BE(this.#at - 2);
  }

  int32(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  text(): string {
    return this.#next(this.int16()).toString();
  }

  /** Also null, which is written with a length below 0. */
  bytes(): Buffer {
    return this.#next(Math.max(0, this.int32()));
  }

  #next(length: number): Buffer {
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}
