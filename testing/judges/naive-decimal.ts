import { exactValue } from './journal.ts';

/** 1 as an integer of 18 places. */
export const UNIT = 10n ** 18n;

/** A decimal text that is not negative as an integer of 18 places. Made without the code under test, as all of this. */
export function scaled(decimal: string): bigint {
  const [whole = '', fraction = ''] = decimal.split('.');
  return BigInt(whole + fraction.padEnd(18, '0'));
}

/** Such an integer as a canonical text. */
export function decimalOf(value: bigint): string {
  const digits = String(value).padStart(19, '0');
  return exactValue(`${digits.slice(0, -18)}.${digits.slice(-18)}`);
}

/** The quotient of two integers that are not negative, rounded half-even. */
export function halfEven(value: bigint, divisor: bigint): bigint {
  const whole = value / divisor;
  const twice = 2n * (value % divisor);
  return twice > divisor || (twice === divisor && whole % 2n === 1n) ? whole + 1n : whole;
}
