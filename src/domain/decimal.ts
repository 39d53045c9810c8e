/**
 * A decimal number as text, canonical: optional minus, digits without leading zeros, at most 18 places,
 * no trailing zeros, no exponent, no negative zero. `'61837.63'`, `'0.00292'`, `'-1.5'`, `'0'`.
 * At most 38 digits in all once written with 18 places (Avro decimal, precision 38, scale 18).
 */
export type Decimal = string;

export const DECIMAL_SCALE = 18;
export const DECIMAL_PRECISION = 38;

const EXPONENT = /^(-?)(\d+)(?:\.(\d+))?[eE]([+-]?\d{1,4})$/;
const MAX_INTEGER_DIGITS = DECIMAL_PRECISION - DECIMAL_SCALE;
const MAX_TEXT = 64;
const MAX_EXPONENT = 64;

const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;

/**
 * The canonical form of a venue's decimal text, equal in value; undefined where the text is no number,
 * does not fit a Decimal exactly, or is absurd (over 64 characters, an exponent beyond ±64).
 * Leading zeros are no number, but for the one before a point. Never passes through a float.
 */
export function canonicalDecimal(text: string): Decimal | undefined {
  return text.length > MAX_TEXT ? undefined : canonical(text);
}

function canonical(text: string): Decimal | undefined {
  const length = text.length;
  const start = text.charCodeAt(0) === MINUS ? 1 : 0;
  const point = skipDigits(text, start);
  const wholeDigits = point - start;
  if (wholeDigits === 0 || (wholeDigits > 1 && text.charCodeAt(start) === ZERO)) return undefined;
  let end = point;
  if (point < length && text.charCodeAt(point) === POINT) {
    end = skipDigits(text, point + 1);
    if (end === point + 1) return undefined;
  }
  if (end < length) {
    const plain = expand(text);
    return plain === undefined ? undefined : canonical(plain);
  }
  if (end > point) {
    while (text.charCodeAt(end - 1) === ZERO) end--;
    if (end - 1 === point) end = point;
  }
  if (wholeDigits > MAX_INTEGER_DIGITS || end - point - 1 > DECIMAL_SCALE) return undefined;
  if (start === 1 && end === 2 && text.charCodeAt(1) === ZERO) return '0';
  return end === length ? text : text.slice(0, end);
}

/** The index of the first character from `from` on that is no digit. */
function skipDigits(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < ZERO || code > NINE) break;
  }
  return at;
}

/** The same number without its exponent; undefined where the text is none. */
function expand(text: string): string | undefined {
  const match = EXPONENT.exec(text);
  if (match === null) return undefined;
  const [, sign = '', integer = '', fraction = '', exponentText = '0'] = match;
  const exponent = Number(exponentText);
  if (Math.abs(exponent) > MAX_EXPONENT) return undefined;
  const digits = integer + fraction;
  const point = integer.length + exponent;
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0');
  const at = point <= 0 ? 1 : point;
  const whole = padded.slice(0, at).replace(/^0+(?=\d)/, '');
  const rest = padded.slice(at);
  return `${sign}${whole}${rest === '' ? '' : `.${rest}`}`;
}

/** As many as two decimals' places together and then some. */
const POWERS: readonly bigint[] = Array.from({ length: 64 }, (_, exponent) => 10n ** BigInt(exponent));

export function powerOfTen(exponent: number): bigint {
  return POWERS[exponent] ?? 10n ** BigInt(exponent);
}

/** The value × 10^18 as an integer. */
export function unscaled(decimal: Decimal): bigint {
  const point = decimal.indexOf('.');
  if (point === -1) return BigInt(decimal) * powerOfTen(DECIMAL_SCALE);
  const places = decimal.length - point - 1;
  return BigInt(decimal.slice(0, point) + decimal.slice(point + 1)) * powerOfTen(DECIMAL_SCALE - places);
}

/** The canonical text of an integer that stands for value × 10^`places`; these are 18 at most, and a number is safe. */
export function fromUnscaled(value: number | bigint, places = DECIMAL_SCALE): Decimal {
  if (value < 0) return `-${fromUnscaled(-value, places)}`;
  const digits = value.toString().padStart(places + 1, '0');
  const point = digits.length - places;
  let end = digits.length;
  while (end > point && digits.charCodeAt(end - 1) === ZERO) end--;
  return end === point ? digits.slice(0, point) : `${digits.slice(0, point)}.${digits.slice(point, end)}`;
}

/** Negative, zero or positive as a is less than, equal to or greater than b. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a === b) return 0;
  const negative = a.charCodeAt(0) === MINUS;
  if (negative !== (b.charCodeAt(0) === MINUS)) return negative ? -1 : 1;
  const longer = integerDigits(a) - integerDigits(b);
  const order = longer !== 0 ? longer : a < b ? -1 : 1;
  return negative ? -order : order;
}

/** How many characters stand before the point. */
export function integerDigits(decimal: Decimal): number {
  const point = decimal.indexOf('.');
  return point === -1 ? decimal.length : point;
}

/** True for a canonical decimal greater than zero. */
export function isPositive(decimal: Decimal): boolean {
  return decimal.charCodeAt(0) !== MINUS && decimal !== '0';
}

/** True for a canonical decimal of zero or more. */
export function isNotNegative(decimal: Decimal): boolean {
  return decimal.charCodeAt(0) !== MINUS;
}
