/* Checks of the operators' options, when an operator is made: a program in JavaScript may pass anything. */

/** @throws RangeError that names the operator and the option, unless `value` is a number of `least` or more. */
export function requireNumber(operator: string, option: string, value: unknown, least: number): void {
  if (typeof value === 'number' && value >= least) return;
  throw new RangeError(`${operator}: ${option} must be a number of ${least} or more, found ${shown(value)}`);
}

/** @throws RangeError that names the operator and the option, unless `value` is a number above 0. */
export function requirePositive(operator: string, option: string, value: unknown): void {
  if (typeof value === 'number' && value > 0) return;
  throw new RangeError(`${operator}: ${option} must be a number above 0, found ${shown(value)}`);
}

/** @throws TypeError that names the operator and the option, unless `value` is a function. */
export function requireFunction(operator: string, option: string, value: unknown): void {
  if (typeof value === 'function') return;
  throw new TypeError(`${operator}: ${option} must be a function, found ${shown(value)}`);
}

const shown = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : String(value));
