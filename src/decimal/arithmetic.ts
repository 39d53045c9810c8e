import {
  canonicalDecimal,
  compareDecimals,
  DECIMAL_PRECISION,
  DECIMAL_SCALE,
  type Decimal,
  fromUnscaled,
  powerOfTen,
} from '../domain/decimal.ts';
import { roundHalfEven } from '../domain/exact.ts';
import { isOneOf, type OptionRules, requireOptions } from '../domain/options/check-options.ts';

/*
 * Every function takes any text that `canonicalDecimal` accepts, and returns canonical text. All of them throw a
 * TypeError for a value that is not text, and for an option that is unknown or wrong. They throw a RangeError for other
 * text, and for a result of more than 20 digits before the point.
 */

/**
 * How a result is rounded that has more decimal places. `half-even` and `half-up` round to the nearest value; of two
 * equally near ones, `half-even` takes the one with an even last digit and `half-up` the one further from zero. `down`
 * rounds toward zero, `up` away from zero.
 */
export type Rounding = 'half-even' | 'half-up' | 'down' | 'up';

export interface RoundingOptions {
  /** Most decimal places of the result, 0 to 18; default 18. */
  readonly places?: number;
  /** Default `half-even`. */
  readonly rounding?: Rounding;
}

/** Returns a + b, exact. */
export function add(a: Decimal, b: Decimal): Decimal {
  const left = read(a);
  const right = read(b);
  const places = Math.max(left.places, right.places);
  return write(digitsAt(left, places) + digitsAt(right, places), places);
}

/** Returns a − b, exact. */
export function subtract(a: Decimal, b: Decimal): Decimal {
  const left = read(a);
  const right = read(b);
  const places = Math.max(left.places, right.places);
  return write(digitsAt(left, places) - digitsAt(right, places), places);
}

/**
 * Returns a × b. The product is exact unless it has more than `places` decimal places; then it is rounded.
 *
 * @example
 * multiply('61837.63', '0.00292'); // '180.5658796'
 * multiply('61837.63', '0.00292', { places: 2 }); // '180.57'
 */
export function multiply(a: Decimal, b: Decimal, options?: RoundingOptions): Decimal {
  const { places, round } = checked('multiply', options);
  const left = read(a);
  const right = read(b);
  const digits = left.digits * right.digits;
  const own = left.places + right.places;
  return own <= places ? write(digits, own) : write(round(digits, powerOfTen(own - places)), places);
}

/**
 * Returns a / b, rounded to `places` decimal places. @throws RangeError if b is 0.
 *
 * @example
 * divide('1000', '61837.63', { places: 5, rounding: 'down' }); // '0.01617': what 1,000 USDT buy
 */
export function divide(a: Decimal, b: Decimal, options?: RoundingOptions): Decimal {
  const { places, round } = checked('divide', options);
  const left = read(a);
  const right = read(b);
  if (right.digits === 0n) throw new RangeError(`${a} cannot be divided by 0`);
  const digits = left.digits * powerOfTen(right.places + places);
  return write(round(digits, right.digits * powerOfTen(left.places)), places);
}

/** Returns -1 if a is less than b, 0 if they are equal, and 1 if a is greater. Sorts: `prices.sort(compare)`. */
export function compare(a: Decimal, b: Decimal): -1 | 0 | 1 {
  const order = compareDecimals(canonical(a), canonical(b));
  return order === 0 ? 0 : order < 0 ? -1 : 1;
}

/** Returns the least of one or more decimals. */
export function min(first: Decimal, ...others: readonly Decimal[]): Decimal {
  return canonical(others.reduce((least, other) => (compare(least, other) <= 0 ? least : other), first));
}

/** Returns the greatest of one or more decimals. */
export function max(first: Decimal, ...others: readonly Decimal[]): Decimal {
  return canonical(others.reduce((most, other) => (compare(most, other) >= 0 ? most : other), first));
}

const MAX_INTEGER_DIGITS = DECIMAL_PRECISION - DECIMAL_SCALE;

/** A decimal as digits / 10^places. */
interface Unscaled {
  readonly digits: bigint;
  readonly places: number;
}

function canonical(text: Decimal): Decimal {
  if (typeof text !== 'string') throw new TypeError(`${String(text)} is not text: a decimal is text such as "1.5"`);
  const decimal = canonicalDecimal(text);
  if (decimal !== undefined) return decimal;
  const found = JSON.stringify(text);
  throw new RangeError(`${found} is not a decimal of at most 20 digits before and 18 after the point, such as "1.5"`);
}

function read(text: Decimal): Unscaled {
  const decimal = canonical(text);
  const point = decimal.indexOf('.');
  if (point === -1) return { digits: BigInt(decimal), places: 0 };
  return { digits: BigInt(decimal.slice(0, point) + decimal.slice(point + 1)), places: decimal.length - point - 1 };
}

function digitsAt({ digits, places: own }: Unscaled, places: number): bigint {
  return own === places ? digits : digits * powerOfTen(places - own);
}

function checked(owner: string, options: RoundingOptions | undefined) {
  if (options !== undefined) requireOptions(owner, options, RULES);
  const { places = DECIMAL_SCALE, rounding = 'half-even' } = options ?? {};
  return { places, round: ROUNDINGS[rounding] };
}

/** Each returns value / divisor as an integer. */
const ROUNDINGS: Readonly<Record<Rounding, (value: bigint, divisor: bigint) => bigint>> = {
  'half-even': roundHalfEven,
  'half-up': (value, divisor) =>
    value / divisor + (2n * size(value % divisor) >= size(divisor) ? sign(value, divisor) : 0n),
  down: (value, divisor) => value / divisor,
  up: (value, divisor) => value / divisor + (value % divisor === 0n ? 0n : sign(value, divisor)),
};

const RULES: OptionRules<RoundingOptions> = {
  places: [
    (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= DECIMAL_SCALE,
    `a whole number from 0 to ${DECIMAL_SCALE}`,
  ],
  rounding: [isOneOf(Object.keys(ROUNDINGS)), Object.keys(ROUNDINGS).join(', ')],
};

function size(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** The sign of value / divisor. */
function sign(value: bigint, divisor: bigint): bigint {
  return value < 0n === divisor < 0n ? 1n : -1n;
}

function write(digits: bigint, places: number): Decimal {
  const decimal = fromUnscaled(digits, places);
  if (size(digits) < powerOfTen(MAX_INTEGER_DIGITS + places)) return decimal;
  throw new RangeError(`${decimal} has more than ${MAX_INTEGER_DIGITS} digits before the point`);
}
