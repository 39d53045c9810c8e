/**
 * A record of a record batch (format 2, https://kafka.apache.org/documentation/#record): no headers, at the batch's own
 * time, `offsetDelta` behind its first record.
 */
export function recordBytes(key: string, value: Uint8Array, offsetDelta: number): Buffer {
  const keyLength = Buffer.byteLength(key);
  const size =
    ATTRIBUTES_AND_TIME +
    sizeOfVarint(offsetDelta) +
    sizeOfVarint(keyLength) +
    keyLength +
    sizeOfVarint(value.length) +
    value.length +
    NO_HEADERS;
  const bytes = Buffer.allocUnsafe(sizeOfVarint(size) + size);
  let at = writeVarint(bytes, 0, size);
  bytes[at++] = 0;
  bytes[at++] = 0;
  at = writeVarint(bytes, at, offsetDelta);
  at = writeVarint(bytes, at, keyLength);
  at += bytes.write(key, at, keyLength === key.length ? 'latin1' : 'utf8');
  at = writeVarint(bytes, at, value.length);
  bytes.set(value, at);
  bytes[at + value.length] = 0;
  return bytes;
}

/** Bytes: the attributes, and a time delta of 0; the count of headers, 0. */
const ATTRIBUTES_AND_TIME = 2;
const NO_HEADERS = 1;

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
