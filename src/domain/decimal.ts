/**
 * A decimal number as canonical text: `'61837.63'`, `'-1.5'`, `'0'`. No leading or trailing zeros, exponent or negative
 * zero; at most 20 digits before and 18 after the point.
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
 * Returns the canonical form of a decimal text, without a float in between. Returns undefined if the text is not a
 * number, has leading zeros, more than 64 characters or an exponent beyond ±64, or if its value does not fit exactly.
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

/** Returns the index of the first character at or after `from` that is not a digit. */
function skipDigits(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < ZERO || code > NINE) break;
  }
  return at;
}

/** Writes the exponent out; returns undefined if the text is not a number with an exponent from -64 to 64. */
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

/** Powers of ten, enough for the decimal places of a product. */
const POWERS: readonly bigint[] = Array.from({ length: 64 }, (_, exponent) => 10n ** BigInt(exponent));

export function powerOfTen(exponent: number): bigint {
  return POWERS[exponent] ?? 10n ** BigInt(exponent);
}

/** Returns the value × 10^18 as an integer. */
export function unscaled(decimal: Decimal): bigint {
  const point = decimal.indexOf('.');
  if (point === -1) return BigInt(decimal) * powerOfTen(DECIMAL_SCALE);
  const places = decimal.length - point - 1;
  return BigInt(decimal.slice(0, point) + decimal.slice(point + 1)) * powerOfTen(DECIMAL_SCALE - places);
}

/** Returns the canonical text of value / 10^`places`; at most 18 places, and a number must be a safe integer. */
export function fromUnscaled(value: number | bigint, places = DECIMAL_SCALE): Decimal {
  if (value < 0) return `-${fromUnscaled(-value, places)}`;
  const digits = value.toString().padStart(places + 1, '0');
  const point = digits.length - places;
  let end = digits.length;
  while (end > point && digits.charCodeAt(end - 1) === ZERO) end--;
  return end === point ? digits.slice(0, point) : `${digits.slice(0, point)}.${digits.slice(point, end)}`;
}

/** Compares two decimals: negative, zero or positive. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a === b) return 0;
  const negative = a.charCodeAt(0) === MINUS;
  if (negative !== (b.charCodeAt(0) === MINUS)) return negative ? -1 : 1;
  const longer = integerDigits(a) - integerDigits(b);
  const order = longer !== 0 ? longer : a < b ? -1 : 1;
  return negative ? -order : order;
}

/** Number of characters before the point. */
export function integerDigits(decimal: Decimal): number {
  const point = decimal.indexOf('.');
  return point === -1 ? decimal.length : point;
}

export function isPositive(decimal: Decimal): boolean {
  return decimal.charCodeAt(0) !== MINUS && decimal !== '0';
}

export function isNotNegative(decimal: Decimal): boolean {
  return decimal.charCodeAt(0) !== MINUS;
}
