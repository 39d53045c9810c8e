/*
 * The messages between members of a consumer group: ConsumerProtocolSubscription and ConsumerProtocolAssignment of
 * Kafka's message definitions, version 0.
 */

/** Encodes a member's subscription for the leader: its topic, and bytes for its assigner. */
export function encodeSubscription(topic: string, userData: Buffer): Buffer {
  return Buffer.concat([int16(VERSION), int32(1), text(topic), bytes(userData)]);
}

/** The assigner's bytes in a subscription. */
export function subscribedUserData(subscription: Buffer): Buffer {
  const reader = readerOf(subscription);
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
  const reader = readerOf(assignment);
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

const int16 = (value: number): Buffer => Buffer.of(value >> 8, value);

const int32 = (value: number): Buffer => Buffer.of(value >> 24, value >> 16, value >> 8, value);

const bytes = (value: Buffer): Buffer => Buffer.concat([int32(value.length), value]);

function text(value: string): Buffer {
  const encoded = Buffer.from(value);
  return Buffer.concat([int16(encoded.length), encoded]);
}

/** Reads the fields one after the other. */
function readerOf(from: Buffer) {
  let at = 0;
  const next = (length: number): Buffer => {
    at += length;
    return from.subarray(at - length, at);
  };
  const int16 = (): number => next(2).readInt16BE();
  const int32 = (): number => next(4).readInt32BE();
  const text = (): string => next(int16()).toString();
  /** A null value has the length -1. */
  const bytes = (): Buffer => next(Math.max(0, int32()));
  return { int16, int32, text, bytes };
}
