import { type PlainValues, sizeAt } from './plain-values.ts';
import { bitPackedBytes, bitsOf } from './run-length.ts';

const MAX_ENTRIES = 2 ** 15;
/** After so many values, a dictionary with more than half as many entries is given up. */
const TRIAL = 1000;

export interface Dictionary {
  /** The distinct values, in the order in which they occur first. */
  readonly values: PlainValues;
  /** For each value of the column, which of them it is. */
  readonly indexes: Int32Array;
}

/** Builds the dictionary of a column's values; undefined if it would not halve their size. */
export function dictionaryOf(all: PlainValues): Dictionary | undefined {
  const { bytes, count, width } = all;
  const indexes = new Int32Array(count);
  // An open hash table that is at most half full: the number of each entry, plus 1.
  const table = new Int32Array(2 ** bitsOf(2 * Math.min(count, MAX_ENTRIES)));
  /** Where each entry occurs first. */
  const entries: number[] = [];
  let end = 0;
  let entry = 0;
  for (let row = 0, at = 0; row < count; row++) {
    const size = sizeAt(all, at);
    // Most values are the same as the one before.
    if (row === 0 || !areEqual(bytes, at, entries[entry] ?? 0, size)) {
      let slot = hash(bytes, at, size) & (table.length - 1);
      entry = (table[slot] ?? 0) - 1;
      while (entry >= 0 && !areEqual(bytes, at, entries[entry] ?? 0, size)) {
        slot = (slot + 1) & (table.length - 1);
        entry = (table[slot] ?? 0) - 1;
      }
      if (entry < 0) {
        if (entries.length === MAX_ENTRIES || (row > TRIAL && 2 * entries.length > row)) return undefined;
        entry = entries.push(at) - 1;
        table[slot] = entry + 1;
        end += size;
      }
    }
    indexes[row] = entry;
    at += size;
  }
  if (2 * (end + bitPackedBytes(count, bitsOf(entries.length - 1))) > all.end) return undefined;
  const distinct = new Uint8Array(end);
  let filled = 0;
  for (const at of entries) {
    const size = sizeAt(all, at);
    distinct.set(bytes.subarray(at, at + size), filled);
    filled += size;
  }
  return {
    values: { bytes: distinct, view: new DataView(distinct.buffer), end, count: entries.length, width },
    indexes,
  };
}

function areEqual(bytes: Uint8Array, a: number, b: number, size: number): boolean {
  for (let index = 0; index < size; index++) if (bytes[a + index] !== bytes[b + index]) return false;
  return true;
}

/** FNV-1a */
function hash(bytes: Uint8Array, at: number, size: number): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < size; index++) value = Math.imul(value ^ (bytes[at + index] ?? 0), 0x01000193);
  return value ^ (value >>> 16);
}
