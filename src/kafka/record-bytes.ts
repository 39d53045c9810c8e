/** What a record of a record batch carries. */
export interface KeyedValue {
  readonly key: string;
  readonly value: Buffer;
}

/*
 * A record of a record batch (format 2, https://kafka.apache.org/documentation/#record): no headers, at the batch's own
 * time, `offsetDelta` behind its first record.
 */

export function sizeOfRecord(key: string, value: Uint8Array, offsetDelta: number): number {
  const size = sizeOfRest(utf8Of(key).length, value.length, offsetDelta);
  return sizeOfVarint(size) + size;
}

/** Returns where the next byte goes. */
export function writeRecord(
  target: Uint8Array,
  from: number,
  key: string,
  value: Uint8Array,
  offsetDelta: number,
): number {
  const keyBytes = utf8Of(key);
  const keyLength = keyBytes.length;
  let at = writeVarint(target, from, sizeOfRest(keyLength, value.length, offsetDelta));
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

/** Bytes: the attributes, and a time delta of 0; the count of headers, 0. */
const ATTRIBUTES_AND_TIME = 2;
const NO_HEADERS = 1;

/** All that is behind the record's length. */
function sizeOfRest(keyLength: number, valueLength: number, offsetDelta: number): number {
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
/** Keys are few, and each has many records. */
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

/** Of a number from 0 to 2^30 - 1, written as zigzag: twice the number, seven bits a byte. */
function sizeOfVarint(value: number): number {
  return value < 0x40 ? 1 : value < 0x2000 ? 2 : value < 0x10_0000 ? 3 : value < 0x800_0000 ? 4 : 5;
}

/** Returns where the next byte goes. */
function writeVarint(bytes: Uint8Array, from: number, value: number): number {
  let at = from;
  let rest = value * 2;
  for (; rest > 0x7f; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
  bytes[at++] = rest;
  return at;
}
