import { nearestKey } from './nearest-key.ts';
import { shown } from './shown.ts';

/* Checks of the options that programs pass. TypeScript checks types, but programs in JavaScript pass anything. */

/**
 * A rule for the value of an option: whether it is allowed, and what is allowed, as a phrase for a message. An option
 * that may be an object has rules for its fields. An option that is not `required` may be left out.
 */
export type OptionRule = readonly [
  isAllowed: (value: unknown) => boolean,
  allowed: string,
  fields?: Readonly<Record<string, OptionRule>> | undefined,
  presence?: 'required',
];

/** One rule for each option of a type. */
export type OptionRules<O> = { readonly [K in keyof Required<O>]: OptionRule };

export interface OptionProblem {
  /** The option, such as `ssl.caFile`; empty if the options are no object. */
  readonly field: string;
  /** One sentence that names the option, what was found and what is allowed. */
  readonly message: string;
}

/**
 * Returns the first problem of the options; undefined if there is none. An undefined value counts as left out. `path`:
 * the name of these options with a point, if they are a part of others.
 */
export function optionProblem(
  options: unknown,
  rules: Readonly<Record<string, OptionRule>>,
  path = '',
): OptionProblem | undefined {
  const names = Object.keys(rules);
  if (!isPlain(options)) {
    const found = `${path === '' ? 'options are' : `${path.slice(0, -1)} is`} ${shown(options)}`;
    return { field: path, message: `${found}, allowed: an object with ${names.join(', ')}` };
  }
  // A class may have an option as a method, which is not a key of its own.
  for (const name of new Set([...Object.keys(options), ...names])) {
    const field = path + name;
    const value: unknown = Reflect.get(options, name);
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) {
      const near = nearestKey(name, names);
      const hint = near === undefined ? '' : ` (did you mean ${path}${near}?)`;
      return { field, message: `no option ${field}${hint}; there are ${names.join(', ')}` };
    }
    const [isAllowed, allowed, fields, presence] = rule;
    if (value === undefined) {
      if (presence === undefined) continue;
      return { field, message: `${field} is missing, allowed: ${allowed}` };
    }
    if (!isAllowed(value)) {
      // Only a text is secret, so an option such as `key` that must be a function is shown.
      const found = shown(value, isAllowed === isFunction ? '' : name);
      return { field, message: `${field} is ${found}, allowed: ${allowed}` };
    }
    const problem = fields !== undefined && isPlain(value) ? optionProblem(value, fields, `${field}.`) : undefined;
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Throws a TypeError that begins with the owner of the options, if there is a problem. */
export function requireOptions(owner: string, options: unknown, rules: Readonly<Record<string, OptionRule>>): void {
  const problem = optionProblem(options, rules);
  if (problem !== undefined) throw new TypeError(`${owner}: ${problem.message}`);
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
/** The same rule for an option that must be given. */
export const required = ([isAllowed, allowed, fields]: OptionRule): OptionRule => [
  isAllowed,
  allowed,
  fields,
  'required',
];

export const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
export const isFlag = (value: unknown): boolean => typeof value === 'boolean';
export const isFunction = (value: unknown): boolean => typeof value === 'function';
export const isOneOf =
  (names: readonly unknown[]) =>
  (value: unknown): boolean =>
    names.includes(value);
export const isListOf =
  (isAllowed: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.length > 0 && value.every(isAllowed);
/** The longest wait of a timer, milliseconds. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

export const FLAG: OptionRule = [isFlag, 'true or false'];
export const TEXT: OptionRule = [isText, 'a text'];
export const FUNCTION: OptionRule = [isFunction, 'a function'];
export const WAIT_MS: OptionRule = [
  (value) => typeof value === 'number' && value > 0 && value <= LONGEST_WAIT_MS,
  `milliseconds above 0, up to ${LONGEST_WAIT_MS}`,
];
/** A number without a fraction. */
export const wholeNumberFrom = (least: number): OptionRule => [
  (value) => Number.isSafeInteger(value) && Number(value) >= least,
  `a whole number of ${least} or more`,
];
/** An object with these fields. */
export const objectWith = (what: string, fields: Readonly<Record<string, OptionRule>>): OptionRule => [
  isPlain,
  what,
  fields,
];
/** An object, or null for none. */
export const objectOf = (what: string, fields: Readonly<Record<string, OptionRule>>): OptionRule => [
  (value) => value === null || isPlain(value),
  `${what}, or null for none`,
  fields,
];
