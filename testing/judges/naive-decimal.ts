import { exactValue } from './journal.ts';

/** 1 as an integer with 18 decimal places. */
export const UNIT = 10n ** 18n;

/**
 * Converts a non-negative decimal text to an integer with 18 decimal places. Nothing in this file uses the code under
 * test.
 */
export function scaled(decimal: string): bigint {
  const [whole = '', fraction = ''] = decimal.split('.');
  return BigInt(whole + fraction.padEnd(18, '0'));
}

/** Converts an integer with 18 decimal places to canonical text. */
export function decimalOf(value: bigint): string {
  const digits = String(value).padStart(19, '0');
  return exactValue(`${digits.slice(0, -18)}.${digits.slice(-18)}`);
}

/** The quotient of two non-negative integers, rounded half-even. */
export function halfEven(value: bigint, divisor: bigint): bigint {
  const whole = value / divisor;
  const twice = 2n * (value % divisor);
  return twice > divisor || (twice === divisor && whole % 2n === 1n) ? whole + 1n : whole;
}
