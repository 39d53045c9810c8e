import { at } from '../domain/at.ts';

/** CRC-64-AVRO of the Avro specification ("Schema Fingerprints"). */
const EMPTY = 0xc15d213aa4d7a795n;

const table = Array.from({ length: 256 }, (_, index) => {
  let value = BigInt(index);
  for (let bit = 0; bit < 8; bit++) value = (value >> 1n) ^ (EMPTY & -(value & 1n));
  return value;
});

/** The fingerprint of a schema in Parsing Canonical Form: 8 bytes, little-endian. */
export function fingerprint(canonicalForm: string): Uint8Array {
  let value = EMPTY;
  for (const byte of new TextEncoder().encode(canonicalForm)) {
    value = (value >> 8n) ^ at(table, Number((value ^ BigInt(byte)) & 0xffn));
  }
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}
