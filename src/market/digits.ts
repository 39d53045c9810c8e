import { type Decimal, powerOfTen } from '../domain/decimal.ts';

/**
 * A decimal as digits / 10^places. The digits are a bigint if a number would not be exact. A class, because V8 would
 * migrate each object literal to another hidden class at its first use.
 */
export class Digits {
  readonly digits: number | bigint;
  readonly places: number;

  constructor(digits: number | bigint, places: number) {
    this.digits = digits;
    this.places = places;
  }
}

/** Texts up to this length are read as a number: up to 16 digits and a point. */
const SHORT = 17;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;

/** Powers of ten that are exact as numbers. */
const POWERS: readonly number[] = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

interface Reading {
  readonly decimal: Decimal;
  readonly value: Digits;
}

/** The last two decimals that were read, because all statistics of a trade read the same price and quantity. */
let latest: Reading = { decimal: '0', value: new Digits(0, 0) };
let previous = latest;

export function digitsOf(decimal: Decimal): Digits {
  if (decimal === previous.decimal) return previous.value;
  if (decimal === latest.decimal) return latest.value;
  previous = latest;
  latest = { decimal, value: read(decimal) };
  return latest.value;
}

/** Returns the double nearest to the value. */
export function doubleOf({ digits, places }: Digits): number {
  const power = POWERS[places];
  // One division of two exact numbers rounds once, so the result is the nearest double.
  if (typeof digits === 'number' && power !== undefined) return digits / power;
  return Number(`${digits}e-${places}`);
}

function read(decimal: Decimal): Digits {
  const length = decimal.length;
  let at = decimal.charCodeAt(0) === MINUS ? 1 : 0;
  const negative = at === 1;
  if (length > SHORT) return longDigits(decimal);
  let digits = 0;
  let places = 0;
  for (; at < length; at++) {
    const code = decimal.charCodeAt(at);
    if (code === POINT) places = length - at - 1;
    else digits = digits * 10 + (code - ZERO);
  }
  if (!Number.isSafeInteger(digits)) return longDigits(decimal);
  return new Digits(negative ? -digits : digits, places);
}

function longDigits(decimal: Decimal): Digits {
  const point = decimal.indexOf('.');
  if (point === -1) return new Digits(BigInt(decimal), 0);
  return new Digits(BigInt(decimal.slice(0, point) + decimal.slice(point + 1)), decimal.length - point - 1);
}

/** Returns a × b, exact. */
export function times(a: Digits, b: Digits): Digits {
  const places = a.places + b.places;
  if (typeof a.digits === 'number' && typeof b.digits === 'number') {
    const digits = a.digits * b.digits;
    // A product that is a safe integer was not rounded.
    if (Number.isSafeInteger(digits)) return new Digits(digits, places);
  }
  return new Digits(BigInt(a.digits) * BigInt(b.digits), places);
}

/** Returns value × 10^`places` as a number; NaN if the result is not whole or not exact. */
export function numberAt({ digits, places: own }: Digits, places: number): number {
  if (typeof digits !== 'number') return Number.NaN;
  if (own === places) return digits;
  const scaled = digits * (POWERS[places - own] ?? Number.NaN);
  return Number.isSafeInteger(scaled) ? scaled : Number.NaN;
}

/** Returns value × 10^`places`; `places` is at least the value's own. */
export function integerAt(value: Digits, places: number): bigint {
  const scaled = numberAt(value, places);
  return Number.isNaN(scaled) ? BigInt(value.digits) * powerOfTen(places - value.places) : BigInt(scaled);
}
