import { DECIMAL_PRECISION, DECIMAL_SCALE, type Decimal } from '../domain/decimal.ts';

/**
 * Decimal text to and from the bytes of an Avro decimal (precision 38, scale 18): value × 10^18 as a two's complement
 * integer, big-endian, as short as it can be. 128 bits are more than a number holds and BigInt is slow on this path,
 * so both directions calculate with small integers ("limbs") in doubles, every step exact. Every index is within its
 * array: `?? 0` costs nothing on this path, a call that checks would.
 */

const LIMB = 0x1000000;
/** Exact, and a multiplication is several times faster than a division. */
const PER_LIMB = 1 / LIMB;
/** 144 bits: more than 10^38 needs, with room for the sign. */
const LIMBS = 6;
const BYTES = LIMBS * 3;
/** The longest encoding: 10^38 - 1 needs 127 bits, and the sign. */
export const MAX_DECIMAL_BYTES = 16;
const INTEGER_DIGITS = DECIMAL_PRECISION - DECIMAL_SCALE;
const POWERS_OF_TEN = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7];
const MINUS = 45;
const POINT = 46;
const ZERO = 48;

/** A magnitude, lowest limb first; those from `used` on are 0. */
const limbs = new Float64Array(LIMBS);
let used = 0;
/** The limbs as bytes, big-endian. */
const wide = new Uint8Array(BYTES);

/** limbs = limbs × factor + add; both at most 10^7. */
function multiplyAdd(factor: number, add: number): void {
  let carry = add;
  for (let i = 0; i < used; i++) {
    const product = (limbs[i] ?? 0) * factor + carry;
    carry = Math.floor(product * PER_LIMB);
    limbs[i] = product - carry * LIMB;
  }
  if (carry > 0) limbs[used++] = carry;
}

/** Puts |text| × 10^18 into the limbs. False where the text is no plain decimal or does not fit. */
function parse(text: string, start: number): boolean {
  for (let i = 0; i < LIMBS; i++) limbs[i] = 0;
  used = 0;
  const length = text.length;
  let chunk = 0;
  let inChunk = 0;
  let digits = 0;
  let point = -1;
  for (let i = start; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code === POINT) {
      if (point !== -1 || i === start || i === length - 1) return false;
      point = i;
      continue;
    }
    const digit = code - ZERO;
    if (digit < 0 || digit > 9 || ++digits > DECIMAL_PRECISION) return false;
    chunk = chunk * 10 + digit;
    if (++inChunk === 7) {
      multiplyAdd(1e7, chunk);
      chunk = 0;
      inChunk = 0;
    }
  }
  const places = point === -1 ? 0 : length - point - 1;
  if (digits === 0 || places > DECIMAL_SCALE || digits - places > INTEGER_DIGITS) return false;
  multiplyAdd(POWERS_OF_TEN[inChunk] ?? 0, chunk);
  for (let missing = DECIMAL_SCALE - places; missing > 0; missing -= 7) {
    multiplyAdd(POWERS_OF_TEN[missing < 7 ? missing : 7] ?? 0, 0);
  }
  return true;
}

/** limbs = 2^144 - limbs */
function negate(): void {
  let carry = 1;
  for (let i = 0; i < LIMBS; i++) {
    const inverted = LIMB - 1 - (limbs[i] ?? 0) + carry;
    carry = inverted === LIMB ? 1 : 0;
    limbs[i] = carry === 1 ? 0 : inverted;
  }
}

/** Writes the bytes of a decimal text to `target` at `at`, where 16 have room; returns their number, 1 to 16, or 0 where it is none or does not fit. */
export function writeDecimal(text: string, target: Uint8Array, at: number): number {
  const negative = text.charCodeAt(0) === MINUS;
  if (!parse(text, negative ? 1 : 0)) return 0;
  if (negative) negate();
  for (let i = 0; i < LIMBS; i++) {
    const limb = limbs[LIMBS - 1 - i] ?? 0;
    wide[i * 3] = limb >>> 16;
    wide[i * 3 + 1] = limb >>> 8;
    wide[i * 3 + 2] = limb;
  }
  const sign = wide[0] ?? 0;
  let first = 0;
  while (first < BYTES - 1 && wide[first] === sign && (((wide[first + 1] ?? 0) ^ sign) & 0x80) === 0) first++;
  for (let i = first; i < BYTES; i++) target[at + i - first] = wide[i] ?? 0;
  return BYTES - first;
}

/** The bytes of a decimal text; undefined where it is not `-?digits[.digits]` or does not fit precision 38 and scale 18. */
export function decimalToBytes(text: string): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(MAX_DECIMAL_BYTES);
  const length = writeDecimal(text, bytes, 0);
  return length === 0 ? undefined : bytes.subarray(0, length);
}

const MILLION = 1_000_000;
/** A magnitude in base 10^6, lowest first: three are the fraction, the rest the integer part. */
const chunks = new Float64Array(8);

/** The canonical text of a decimal's bytes (none: 0); undefined where they do not fit precision 38. */
export function decimalFromBytes(bytes: Uint8Array): Decimal | undefined {
  const length = bytes.length;
  if (length > MAX_DECIMAL_BYTES) return undefined;
  const negative = length > 0 && (bytes[0] ?? 0) > 0x7f;
  wide.fill(negative ? 0xff : 0);
  for (let i = 0; i < length; i++) wide[BYTES - length + i] = bytes[i] ?? 0;
  for (let i = 0; i < LIMBS; i++) {
    const at = BYTES - 3 * (i + 1);
    limbs[i] = ((wide[at] ?? 0) << 16) | ((wide[at + 1] ?? 0) << 8) | (wide[at + 2] ?? 0);
  }
  if (negative) negate();
  const count = limbsToChunks();
  const integer = integerText(count);
  if (integer.length > INTEGER_DIGITS) return undefined;
  const fraction = fractionText();
  const text = fraction === '' ? integer : `${integer}.${fraction}`;
  return negative ? `-${text}` : text;
}

/** Returns how many chunks are in use, at least the fraction's three. */
function limbsToChunks(): number {
  chunks.fill(0);
  let top = LIMBS;
  while (top > 0 && limbs[top - 1] === 0) top--;
  let count = 0;
  for (let i = top - 1; i >= 0; i--) {
    let carry = limbs[i] ?? 0;
    for (let j = 0; j < count; j++) {
      const value = (chunks[j] ?? 0) * LIMB + carry;
      carry = Math.floor(value / MILLION);
      chunks[j] = value - carry * MILLION;
    }
    while (carry > 0) {
      const rest = Math.floor(carry / MILLION);
      chunks[count++] = carry - rest * MILLION;
      carry = rest;
    }
  }
  return Math.max(count, 3);
}

const sixDigits = (chunk: number): string => String(chunk + MILLION).slice(1);

function integerText(count: number): string {
  if (count <= 5) return String((chunks[4] ?? 0) * MILLION + (chunks[3] ?? 0));
  let text = String(chunks[count - 1]);
  for (let j = count - 2; j >= 3; j--) text += sixDigits(chunks[j] ?? 0);
  return text;
}

/** The fraction's digits without trailing zeros. */
function fractionText(): string {
  let lowest = 0;
  while (lowest < 3 && chunks[lowest] === 0) lowest++;
  if (lowest === 3) return '';
  let last = chunks[lowest] ?? 0;
  let width = MILLION;
  while (last % 10 === 0) {
    last /= 10;
    width /= 10;
  }
  let text = '';
  for (let j = 2; j > lowest; j--) text += sixDigits(chunks[j] ?? 0);
  return text + String(last + width).slice(1);
}
