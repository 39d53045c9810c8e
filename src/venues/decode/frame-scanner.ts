import { DECIMAL_PRECISION, DECIMAL_SCALE, type Decimal } from '../../domain/decimal.ts';
import { asciiText } from './ascii-text.ts';
import { ascii, type Literal, LONG, WORD } from './literal.ts';
import { MAX_FRAME_BYTES } from './read-frame.ts';
import type { ScannedNames } from './scanned-names.ts';

const QUOTE = 34;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
/** The character `0` in each of four bytes. */
const ZEROS = 0x30303030;
const QUOTES = 0x22222222;
const ONES = 0x01010101;
const TOP_BITS = 0x80808080;
const TO_SIXTEEN = 0x06060606;
const HIGH_BITS = 0xf0f0f0f0;

/** Number of digits of a time since 1970 in milliseconds and in microseconds, from 2001 to 2286. */
const MILLIS_DIGITS = 13;
const MICROS_DIGITS = 16;
/** Integers with up to this many digits are safe. */
const SAFE_DIGITS = 15;
const MAX_ID_DIGITS = 39;
const MAX_TEXT = 64;
const MAX_INTEGER_DIGITS = DECIMAL_PRECISION - DECIMAL_SCALE;
/**
 * A span is a byte offset with a length in its low bits. A text that is too long for them is a deviation, and its span
 * still lies inside the frame.
 */
const LENGTH_BITS = 7;
const LENGTH_MASK = 127;

const TRUE = ascii('true');
const FALSE = ascii('false');

/**
 * Reads a JSON frame whose layout is known to the byte, without parsing it. Any other layout is a deviation, even valid
 * JSON with spaces, escapes or another order. After a deviation, values mean nothing and `isWhole` is false.
 */
export class FrameScanner {
  #bytes: Buffer = Buffer.alloc(0);
  /** The ArrayBuffer that contains the frame. */
  #memory = this.#bytes.buffer;
  #view = new DataView(this.#memory);
  #offset = 0;
  #at = 0;
  #fits = false;

  reset(bytes: Buffer): void {
    this.#bytes = bytes;
    const memory = bytes.buffer;
    if (memory !== this.#memory) {
      this.#memory = memory;
      this.#view = new DataView(memory);
    }
    this.#offset = bytes.byteOffset;
    this.#at = 0;
    this.#fits = bytes.length <= MAX_FRAME_BYTES;
  }

  /** True if the frame ends here and had no deviation. */
  get isWhole(): boolean {
    return this.#fits && this.#at === this.#bytes.length;
  }

  /** False after a deviation. */
  get fits(): boolean {
    return this.#fits;
  }

  /** Skips these bytes, which must be next. */
  literal(expected: Literal): void {
    if (this.#isAt(expected)) this.#at += expected.length;
    else this.#fits = false;
  }

  /** Skips these bytes if they are next, and returns true then. */
  option(expected: Literal): boolean {
    if (!this.#isAt(expected)) return false;
    this.#at += expected.length;
    return true;
  }

  /** Reads a known name up to a quotation mark; returns its meaning. */
  name<T>(names: ScannedNames<T>): T | undefined {
    if (!this.#fits) return undefined;
    const bytes = this.#bytes;
    const start = this.#at;
    const view = this.#view;
    const offset = this.#offset;
    const last = bytes.length - WORD;
    let end = start;
    while (end <= last && !hasQuote(view.getInt32(offset + end, true))) end += WORD;
    while (end < bytes.length && bytes[end] !== QUOTE) end++;
    const known = names.find(view, offset + start, end - start);
    if (known === undefined) this.#fits = false;
    else this.#at = end;
    return known;
  }

  /** Reads an integer of at most 15 digits, without sign. */
  integer(): number {
    const bytes = this.#bytes;
    const start = this.#at;
    const view = this.#view;
    const offset = this.#offset;
    const last = bytes.length - WORD;
    let value = 0;
    let at = start;
    for (; at <= last; at += WORD) {
      const digits = view.getInt32(offset + at, true) ^ ZEROS;
      if (!areDigits(digits)) break;
      value = value * 10_000 + fourDigits(digits);
    }
    for (; ; at++) {
      const code = bytes[at] ?? 0;
      if (!(code >= ZERO && code <= NINE)) break;
      value = value * 10 + (code - ZERO);
    }
    this.#end(start, at, SAFE_DIGITS);
    return value;
  }

  /** Reads a time since 1970: in milliseconds with 13 digits, in microseconds with 16. */
  time(): number {
    const start = this.#at;
    if (start + MILLIS_DIGITS > this.#bytes.length) {
      this.#fits = false;
      return 0;
    }
    const view = this.#view;
    const from = this.#offset + start;
    const first = view.getInt32(from, true) ^ ZEROS;
    const second = view.getInt32(from + WORD, true) ^ ZEROS;
    const third = view.getInt32(from + LONG, true) ^ ZEROS;
    if (!areDigits(first) || !areDigits(second) || !areDigits(third) || (first & 0xff) === 0) this.#fits = false;
    const twelve = (fourDigits(first) * 10_000 + fourDigits(second)) * 10_000 + fourDigits(third);
    if (start + MICROS_DIGITS <= this.#bytes.length) {
      const fourth = view.getInt32(from + LONG + WORD, true) ^ ZEROS;
      if (areDigits(fourth)) {
        this.#at = start + MICROS_DIGITS;
        const micros = twelve * 10_000 + fourDigits(fourth);
        if (micros > Number.MAX_SAFE_INTEGER) this.#fits = false;
        return micros;
      }
    }
    this.#at = start + MILLIS_DIGITS;
    const last = view.getUint8(from + LONG + WORD);
    if (!isDigit(last)) this.#fits = false;
    return twelve * 10 + (last - ZERO);
  }

  /** Skips an integer without sign. */
  skipInteger(): void {
    const start = this.#at;
    this.#end(start, this.#skipDigits(start), MAX_ID_DIGITS);
  }

  /** Reads an integer as text, of at most `most` digits. */
  digits(most = MAX_ID_DIGITS): string {
    const start = this.#at;
    const end = this.#skipDigits(start);
    this.#end(start, end, most);
    return asciiText(this.#view, this.#offset + start, end - start);
  }

  /** The byte offset of the next value in the frame. */
  get at(): number {
    return this.#at;
  }

  /** Reads a decimal above zero and returns its canonical form. */
  positive(): Decimal {
    return this.cut(this.positiveSpan());
  }

  /** Reads a decimal of any sign and returns its canonical form. */
  decimal(): Decimal {
    if (this.#bytes[this.#at] !== MINUS) return this.notNegative();
    this.#at++;
    return `-${this.positive()}`;
  }

  /** Reads a decimal of zero or more and returns its canonical form. */
  notNegative(): Decimal {
    return this.cut(this.#notNegativeSpan());
  }

  /** As `positive`, but returns the span: `cut` makes the text later. */
  positiveSpan(): number {
    const span = this.#notNegativeSpan();
    if ((span & LENGTH_MASK) === 1 && this.#bytes[span >> LENGTH_BITS] === ZERO) this.#fits = false;
    return span;
  }

  /** Returns the span from `start` to the next value. */
  spanFrom(start: number): number {
    return (start << LENGTH_BITS) | (this.#at - start);
  }

  cut(span: number): string {
    return asciiText(this.#view, this.#offset + (span >> LENGTH_BITS), span & LENGTH_MASK);
  }

  #notNegativeSpan(): number {
    const bytes = this.#bytes;
    const start = this.#at;
    const point = this.#skipDigits(start);
    this.#end(start, point, MAX_INTEGER_DIGITS);
    if (bytes[point] !== POINT) return (start << LENGTH_BITS) | (point - start);
    const end = this.#skipDigits(point + 1);
    if (end === point + 1 || end - start >= MAX_TEXT) this.#fits = false;
    this.#at = end;
    let last = end;
    while (bytes[last - 1] === ZERO) last--;
    if (last === point + 1) last = point;
    if (last - point - 1 > DECIMAL_SCALE) this.#fits = false;
    return (start << LENGTH_BITS) | (last - start);
  }

  /** Skips the characters of a decimal without a check. */
  skipDecimal(): void {
    const bytes = this.#bytes;
    let at = this.#at;
    for (; ; at++) {
      const code = bytes[at] ?? 0;
      if (!((code >= ZERO && code <= NINE) || code === POINT || code === MINUS)) break;
    }
    this.#at = at;
  }

  flag(): boolean {
    if (this.option(TRUE)) return true;
    this.literal(FALSE);
    return false;
  }

  /** Moves to `end`. The bytes from `start` must be an integer without leading zeros, of 1 to `most` digits. */
  #end(start: number, end: number, most: number): void {
    const digits = end - start;
    if (digits === 0 || digits > most || (digits > 1 && this.#bytes[start] === ZERO)) this.#fits = false;
    this.#at = end;
  }

  #skipDigits(from: number): number {
    const bytes = this.#bytes;
    const view = this.#view;
    const offset = this.#offset;
    const last = bytes.length - WORD;
    let at = from;
    while (at <= last && areDigits(view.getInt32(offset + at, true) ^ ZEROS)) at += WORD;
    for (; ; at++) {
      const code = bytes[at] ?? 0;
      if (!(code >= ZERO && code <= NINE)) return at;
    }
  }

  #isAt(expected: Literal): boolean {
    const start = this.#at;
    const { length } = expected;
    if (start + length > this.#bytes.length) return false;
    const view = this.#view;
    const from = this.#offset + start;
    if (length >= LONG) {
      const { longs } = expected;
      const last = length - LONG;
      let at = 0;
      for (let index = 0; index < longs.length; index++, at += LONG)
        if (view.getFloat64(from + (at < last ? at : last), true) !== longs[index]) return false;
      return true;
    }
    if (length >= WORD)
      return (
        view.getInt32(from, true) === expected.first && view.getInt32(from + length - WORD, true) === expected.last
      );
    for (let index = 0; index < length; index++) if (this.#bytes[start + index] !== expected.bytes[index]) return false;
    return true;
  }
}

/**
 * Returns true if four bytes, XORed with ZEROS, are digits. Only a byte that is not a digit can carry into the next
 * byte of the sum.
 */
function areDigits(four: number): boolean {
  return (((four + TO_SIXTEEN) | four) & HIGH_BITS) === 0;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

function hasQuote(four: number): boolean {
  const others = four ^ QUOTES;
  return ((others - ONES) & ~others & TOP_BITS) !== 0;
}

/** Converts four digits to a number; the first digit is in the lowest byte. */
function fourDigits(four: number): number {
  const pairs = Math.imul(four, 10) + (four >>> 8);
  return (pairs & 0xff) * 100 + ((pairs >>> 16) & 0xff);
}
