import { DECIMAL_SCALE, type Decimal, fromUnscaled, powerOfTen } from './decimal.ts';

/* Exact arithmetic with decimals as unscaled integers: the decimal × 10^18. */

/** 1 as an unscaled integer: 10^18. */
export const ONE = powerOfTen(DECIMAL_SCALE);

/** Significant bits of the division in `ratio`: a double has 53, and one more decides the rounding. */
const RATIO_BITS = 64;

/** Returns value / divisor as an integer, rounded half-even. @throws RangeError if divisor is 0. */
export function roundHalfEven(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  const twice = 2n * magnitude(value % divisor);
  const limit = magnitude(divisor);
  const up = twice > limit || (twice === limit && quotient % 2n !== 0n);
  if (!up) return quotient;
  return value < 0n === divisor < 0n ? quotient + 1n : quotient - 1n;
}

/** Returns the decimal of a product or a sum of products (value × 10^36), rounded half-even at 18 places. */
export function fromProduct(value: bigint): Decimal {
  return fromUnscaled(roundHalfEven(value, ONE));
}

/** Returns a / b of two integers of the same scale, rounded half-even at 18 places. @throws RangeError if b is 0. */
export function quotient(a: bigint, b: bigint): Decimal {
  return fromUnscaled(roundHalfEven(a * ONE, b));
}

/** Returns the double nearest to a / b (ties to even), for integers of the same scale. @throws RangeError if b is 0. */
export function ratio(a: bigint, b: bigint): number {
  const dividend = magnitude(a);
  const divisor = magnitude(b);
  const shift = BigInt(Math.max(0, RATIO_BITS + bitLength(divisor) - bitLength(dividend)));
  const shifted = dividend << shift;
  const whole = shifted / divisor;
  const size = Number(shifted % divisor === 0n ? whole : whole | 1n) / 2 ** Number(shift);
  return a < 0n === b < 0n || a === 0n ? size : -size;
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** Bits of a positive integer, rounded up to a multiple of four. */
function bitLength(value: bigint): number {
  return 4 * value.toString(16).length;
}
