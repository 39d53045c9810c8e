import { ascii, WORD } from './literal.ts';

/** Printable ASCII that JSON does not escape. */
const PLAIN = /^[ !#-[\]-~]+$/;

/** Number of 4-byte words in a row: the name's length, then the name. A row is as long as a cache line. */
const ROW = 16;
const MAX_NAME_BYTES = (ROW - 1) * WORD;
const MIN_ROWS = 64;

/** Looks up names in frames, such as topics, by their bytes. */
export class ScannedNames<T> {
  /** Open addressing: a name takes the first free row at or after its hash. At least half of the rows are empty. */
  #rows = new Int32Array(MIN_ROWS * ROW);
  #meanings: (T | undefined)[] = new Array(MIN_ROWS).fill(undefined);
  #known: (readonly [name: string, meaning: T])[] = [];

  /**
   * Adds a name. Names with less than 4 or more than 60 bytes, or with characters that JSON escapes, are never found.
   */
  add(name: string, meaning: T): void {
    if (name.length < WORD || name.length > MAX_NAME_BYTES || !PLAIN.test(name)) return;
    const { bytes, length } = ascii(name);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    if (this.find(view, 0, length) !== undefined) return;
    if (this.#known.length === this.#meanings.length / 2) this.#grow();
    this.#known.push([name, meaning]);
    const row = this.#freeRow(hashOf(view, 0, length));
    this.#rows[row * ROW] = length;
    for (let word = 0; word * WORD < length; word++)
      this.#rows[row * ROW + 1 + word] = view.getInt32(Math.min(word * WORD, length - WORD), true);
    this.#meanings[row] = meaning;
  }

  find(view: DataView, start: number, length: number): T | undefined {
    if (length < WORD || length > MAX_NAME_BYTES) return undefined;
    const rows = this.#rows;
    const mask = this.#meanings.length - 1;
    for (let row = hashOf(view, start, length) & mask; ; row = (row + 1) & mask) {
      const at = row * ROW;
      if (rows[at] === length && isName(rows, at + 1, view, start, length)) return this.#meanings[row];
      if (rows[at] === 0) return undefined;
    }
  }

  #freeRow(hash: number): number {
    const mask = this.#meanings.length - 1;
    let row = hash & mask;
    while (this.#rows[row * ROW] !== 0) row = (row + 1) & mask;
    return row;
  }

  #grow(): void {
    const known = this.#known;
    this.#known = [];
    this.#rows = new Int32Array(this.#rows.length * 2);
    this.#meanings = new Array(this.#meanings.length * 2).fill(undefined);
    for (const [name, meaning] of known) this.add(name, meaning);
  }
}

/** Compares a name with a row, in 4-byte words. The last word ends with the name and may repeat bytes. */
function isName(rows: Int32Array, at: number, view: DataView, start: number, length: number): boolean {
  const last = length - WORD;
  let from = 0;
  for (; from < last; from += WORD) if (view.getInt32(start + from, true) !== rows[at++]) return false;
  return view.getInt32(start + last, true) === rows[at];
}

/**
 * Returns the FNV-1a hash of at least four bytes, in 4-byte words. The last word ends with them and may repeat bytes.
 */
function hashOf(view: DataView, start: number, length: number): number {
  let hash = 0x811c9dc5 ^ length;
  const last = length - WORD;
  for (let at = 0; at < last; at += WORD) hash = Math.imul(hash ^ view.getInt32(start + at, true), 0x01000193);
  hash = Math.imul(hash ^ view.getInt32(start + last, true), 0x01000193);
  // The low bits choose the row, so they must depend on all bits.
  return hash ^ (hash >>> 15);
}
