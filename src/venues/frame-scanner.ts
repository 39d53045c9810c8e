import { DECIMAL_PRECISION, DECIMAL_SCALE, type Decimal } from '../domain/decimal.ts';
import { MAX_FRAME_BYTES } from './read-frame.ts';

const QUOTE = 34;
const POINT = 46;
const ZERO = 48;
const NINE = 57;

/** So many digits are a safe integer, whatever they are. */
const SAFE_DIGITS = 15;
/** A substring of more characters is no copy: it would keep the whole frame's text alive. */
const MOST_COPIED = 12;
const MAX_ID_DIGITS = 39;
const MAX_INTEGER_DIGITS = DECIMAL_PRECISION - DECIMAL_SCALE;

/** Printable ASCII without quotation mark and backslash: in JSON it stands for itself. */
const PLAIN = /^[ !#-[\]-~]+$/;

/** The bytes of an ASCII text. */
export function ascii(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

const TRUE = ascii('true');
const FALSE = ascii('false');

/** A name in frames, a topic or a stream, and the symbol in capitals that such a frame tells. */
export interface ScannedName {
  readonly name: Uint8Array;
  readonly symbol: string;
  readonly symbolBytes: Uint8Array;
}

/**
 * Reads a JSON frame whose layout is known to the byte, without parsing it. Only the plain form of a value is read: what
 * a parser would take as well (spaces, escapes, exponents, keys in another order, more keys) is a deviation, as is all
 * that is wrong. Whatever is read after a deviation means nothing; `isWhole` tells at the end whether there was one.
 */
export class FrameScanner {
  #bytes: Buffer = Buffer.alloc(0);
  /** Made when the first value is cut out. */
  #text: string | undefined;
  #at = 0;
  #fits = false;

  begin(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#text = undefined;
    this.#at = 0;
    this.#fits = bytes.length <= MAX_FRAME_BYTES;
  }

  /** The frame ends here, and was as it had to be from its first byte on. */
  get isWhole(): boolean {
    return this.#fits && this.#at === this.#bytes.length;
  }

  /** Exactly these bytes. */
  literal(expected: Uint8Array): void {
    if (this.#isAt(expected)) this.#at += expected.length;
    else this.#fits = false;
  }

  /** These bytes, if they are there. */
  option(expected: Uint8Array): boolean {
    if (!this.#isAt(expected)) return false;
    this.#at += expected.length;
    return true;
  }

  /** A name up to a quotation mark, one of those given. */
  name(names: ScannedNames): ScannedName | undefined {
    const known = this.#fits ? names.find(this.#bytes, this.#at) : undefined;
    if (known === undefined) this.#fits = false;
    else this.#at += known.name.length;
    return known;
  }

  /** A JSON number without sign, point and exponent, of at most 15 digits. */
  integer(): number {
    const bytes = this.#bytes;
    const start = this.#at;
    let value = 0;
    let at = start;
    for (; ; at++) {
      const code = bytes[at] as number;
      if (!(code >= ZERO && code <= NINE)) break;
      value = value * 10 + (code - ZERO);
    }
    this.#end(start, at, SAFE_DIGITS);
    return value;
  }

  /** Such a number as text, of at most so many digits; 39 by default. */
  digits(most = MAX_ID_DIGITS): string {
    const start = this.#at;
    const end = this.#skipDigits(start);
    this.#end(start, end, most);
    return this.#slice(start, end);
  }

  /** A decimal above zero, in its canonical form. */
  positive(): Decimal {
    const bytes = this.#bytes;
    const start = this.#at;
    const point = this.#skipDigits(start);
    this.#end(start, point, MAX_INTEGER_DIGITS);
    let last = point;
    if (bytes[point] === POINT) {
      const end = this.#skipDigits(point + 1);
      if (end === point + 1 || end - start > 64) this.#fits = false;
      last = end;
      while (bytes[last - 1] === ZERO) last--;
      if (last === point + 1) last = point;
      this.#at = end;
      if (last - point - 1 > DECIMAL_SCALE) this.#fits = false;
    }
    if (last === start + 1 && bytes[start] === ZERO) this.#fits = false;
    return this.#slice(start, last);
  }

  flag(): boolean {
    if (this.option(TRUE)) return true;
    this.literal(FALSE);
    return false;
  }

  /** An integer from `start` to `end`, of at most so many digits. */
  #end(start: number, end: number, most: number): void {
    const digits = end - start;
    if (digits === 0 || digits > most || (digits > 1 && this.#bytes[start] === ZERO)) this.#fits = false;
    this.#at = end;
  }

  #skipDigits(from: number): number {
    const bytes = this.#bytes;
    let at = from;
    for (; ; at++) {
      const code = bytes[at] as number;
      if (!(code >= ZERO && code <= NINE)) return at;
    }
  }

  #isAt(expected: Uint8Array): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    for (let index = 0; index < expected.length; index++) if (bytes[start + index] !== expected[index]) return false;
    return true;
  }

  #slice(start: number, end: number): string {
    if (end - start > MOST_COPIED) return this.#bytes.toString('latin1', start, end);
    this.#text ??= this.#bytes.toString('latin1');
    return this.#text.substring(start, end);
  }
}

/** Names by their bytes. */
export class ScannedNames {
  readonly #byHash = new Map<number, ScannedName>();

  /** A name that is not plain ASCII is never found, nor is one whose hash another has. */
  add(name: string, symbol: string): void {
    if (!PLAIN.test(name) || !PLAIN.test(symbol)) return;
    const bytes = ascii(name);
    const hash = hashOf(bytes, 0);
    if (!this.#byHash.has(hash)) this.#byHash.set(hash, { name: bytes, symbol, symbolBytes: ascii(symbol) });
  }

  /** The name that begins at `start` and ends before a quotation mark. */
  find(bytes: Uint8Array, start: number): ScannedName | undefined {
    const known = this.#byHash.get(hashOf(bytes, start));
    if (known === undefined || bytes[start + known.name.length] !== QUOTE) return undefined;
    for (let index = 0; index < known.name.length; index++)
      if (known.name[index] !== bytes[start + index]) return undefined;
    return known;
  }
}

/** A small integer of the bytes up to a quotation mark or the end, by FNV-1a. */
function hashOf(bytes: Uint8Array, start: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < bytes.length && bytes[at] !== QUOTE; at++)
    hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return hash >> 1;
}
