import { type Decimal, unscaled } from '../../src/domain/decimal.ts';
import { roundHalfEven } from '../../src/domain/exact.ts';

/** The text for a missing number. */
export const NONE = '–';

const SCALE = 18;
const MAGNITUDES = [
  { digits: 12, letter: 'T' },
  { digits: 9, letter: 'B' },
  { digits: 6, letter: 'M' },
  { digits: 3, letter: 'K' },
] as const;

/** Number of places after the point. */
export function placesOf(value: Decimal): number {
  const point = value.indexOf('.');
  return point === -1 ? 0 : value.length - point - 1;
}

/** Formats a decimal with thousands separators and at least `places` places, without rounding. */
export function amount(value: Decimal | null | undefined, places = 0): string {
  if (value === null || value === undefined) return NONE;
  const [whole = '', fraction = ''] = value.split('.');
  const digits = fraction.padEnd(places, '0');
  return grouped(whole) + (digits === '' ? '' : `.${digits}`);
}

/** Formats a decimal with thousands separators, rounded half-even to exactly `places` places. */
export function rounded(value: Decimal | null | undefined, places: number): string {
  return value === null || value === undefined ? NONE : fixed(unscaled(value), SCALE, places);
}

/** Formats a value in short: `1.23 B`, `45.6 K`, `812.4`. A value below 1 keeps three significant digits. */
export function compact(value: Decimal | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  const exact = unscaled(value);
  const digits = (exact < 0n ? -exact : exact).toString().length - SCALE;
  const magnitude = MAGNITUDES.find((each) => digits > each.digits);
  if (magnitude === undefined) return trimmed(fixed(exact, SCALE, Math.min(12, Math.max(0, 3 - digits))));
  return `${fixed(exact, SCALE + magnitude.digits, 3 - (digits - magnitude.digits))} ${magnitude.letter}`;
}

/** Formats a share from 0 to 1 as percent. */
export function percent(share: number | null | undefined, places = 0): string {
  return share === null || share === undefined ? NONE : `${(share * 100).toFixed(places)} %`;
}

/** A percentage with sign and two places. */
export function change(value: Decimal | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  const text = rounded(value, 2);
  if (text.startsWith('-')) return `−${text.slice(1)} %`;
  return `${text === '0.00' ? '' : '+'}${text} %`;
}

/** Formats a whole number; from ten million on in short. */
export function count(value: number): string {
  return value < 10_000_000 ? grouped(String(Math.round(value))) : compact(String(Math.round(value)));
}

/** Formats a rate, with one place below 100. */
export function rate(value: number): string {
  return value < 100 ? value.toFixed(1) : count(value);
}

/** `value` × 10^-`scale`. */
function fixed(value: bigint, scale: number, places: number): string {
  const whole = roundHalfEven(value, 10n ** BigInt(scale - places));
  const negative = whole < 0n;
  const digits = (negative ? -whole : whole).toString().padStart(places + 1, '0');
  const at = digits.length - places;
  return `${negative ? '-' : ''}${grouped(digits.slice(0, at))}${places === 0 ? '' : `.${digits.slice(at)}`}`;
}

function trimmed(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function grouped(digits: string): string {
  return digits.replace(/\B(?=(?:\d{3})+$)/g, ',');
}
