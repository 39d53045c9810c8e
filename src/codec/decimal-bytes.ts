import { DECIMAL_PRECISION, DECIMAL_SCALE, type Decimal, fromUnscaled, powerOfTen } from '../domain/decimal.ts';
import { ONE, roundHalfEven } from '../domain/exact.ts';

/**
 * Decimal text ⇄ bytes of an Avro decimal: value × 10^18 as the shortest big-endian integer. Writing uses small
 * integers ("limbs") in doubles; BigInt takes a quarter longer for a trade. Every index is in range: `?? 0` is for the
 * compiler, and costs nothing.
 */

const LIMB = 0x1000000;
/** Exact; a multiplication is several times faster than a division. */
const PER_LIMB = 1 / LIMB;
/** 144 bits: enough for 10^38 and the sign. */
const LIMBS = 6;
const BYTES = LIMBS * 3;
export const MAX_DECIMAL_BYTES = 16;
const INTEGER_DIGITS = DECIMAL_PRECISION - DECIMAL_SCALE;
const LIMIT = powerOfTen(DECIMAL_PRECISION);
const POWERS_OF_TEN = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7];
const MINUS = 45;
const POINT = 46;
const ZERO = 48;

/** The current number without its sign, lowest limb first; limbs from `used` on are 0. */
const limbs = new Float64Array(LIMBS);
let used = 0;
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

/** Sets the limbs to |text| × 10^18. Returns false if the text is not a plain decimal or does not fit. */
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

/**
 * Writes a decimal to `target`, which needs room for 16 bytes. Returns the number of bytes; 0: no decimal, or it does
 * not fit.
 */
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

/** Encodes a decimal text; undefined if it is not `-?digits[.digits]` or does not fit precision 38 and scale 18. */
export function decimalToBytes(text: string): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(MAX_DECIMAL_BYTES);
  const length = writeDecimal(text, bytes, 0);
  return length === 0 ? undefined : bytes.subarray(0, length);
}

const extended = new Uint8Array(MAX_DECIMAL_BYTES);
const halves = new DataView(extended.buffer);

/** Decodes bytes to canonical text (no bytes: 0); undefined if they do not fit precision 38. */
export function decimalFromBytes(bytes: Uint8Array): Decimal | undefined {
  if (bytes.length > MAX_DECIMAL_BYTES) return undefined;
  extended.fill((bytes[0] ?? 0) > 0x7f ? 0xff : 0);
  extended.set(bytes, MAX_DECIMAL_BYTES - bytes.length);
  const value = integerAt(halves, 0);
  return value < LIMIT && value > -LIMIT ? fromUnscaled(value) : undefined;
}

/**
 * Returns a × b of decimals in 16 bytes, rounded half-even at 18 places; undefined if it has more than 38 digits. The next
 * call overwrites the bytes.
 */
export function productOfDecimals(a: DataView, atA: number, b: DataView, atB: number): Uint8Array | undefined {
  const value = roundHalfEven(integerAt(a, atA) * integerAt(b, atB), ONE);
  if (value >= LIMIT || value <= -LIMIT) return undefined;
  halves.setBigInt64(0, value >> 64n);
  halves.setBigUint64(8, BigInt.asUintN(64, value));
  return extended;
}

const integerAt = (bytes: DataView, at: number): bigint => (bytes.getBigInt64(at) << 64n) | bytes.getBigUint64(at + 8);
