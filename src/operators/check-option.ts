import { isObservable } from 'rxjs';
import {
  isFunction,
  isListOf,
  type OptionRule,
  type OptionRules,
  required,
  requireOptions,
  wholeNumberFrom,
} from '../domain/options/check-options.ts';

/*
 * Rules of the operators' options. They are checked when an operator is made, because a program in JavaScript may pass
 * anything.
 */

export { FLAG, FUNCTION, isOneOf, objectWith, TEXT } from '../domain/options/check-options.ts';
export { shown } from '../domain/options/shown.ts';
export { isListOf, type OptionRule, type OptionRules, required, requireOptions };

const isAtLeast =
  (least: number) =>
  (value: unknown): boolean =>
    typeof value === 'number' && value >= least;
const isAboveZero = (value: unknown): boolean => typeof value === 'number' && value > 0;
const isFiniteAboveZero = (value: unknown): boolean => isAboveZero(value) && Number.isFinite(value);

/** Infinity is allowed: a limit that never applies. */
export const MS: OptionRule = [isAtLeast(0), 'milliseconds of 0 or more'];
export const MS_ABOVE_0: OptionRule = [isAboveZero, 'milliseconds above 0'];
export const FINITE_MS: OptionRule = [
  (value) => isAtLeast(0)(value) && Number.isFinite(value),
  'milliseconds of 0 or more, and not Infinity',
];
export const FINITE_MS_ABOVE_0: OptionRule = [isFiniteAboveZero, 'milliseconds above 0, and not Infinity'];
export const LENGTHS_MS: OptionRule = [
  (value) => isFiniteAboveZero(value) || isListOf(isFiniteAboveZero)(value),
  'milliseconds above 0, and not Infinity, or a list of these',
];
export const COUNT = wholeNumberFrom(1);
export const COUNT_OR_INFINITY: OptionRule = [
  (value) => value === Number.POSITIVE_INFINITY || COUNT[0](value),
  `${COUNT[1]}, or Infinity`,
];
export const OBSERVABLE: OptionRule = [isObservable, 'an Observable'];
export const SCHEDULER: OptionRule = [
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    isFunction(Reflect.get(value, 'schedule')) &&
    isFunction(Reflect.get(value, 'now')),
  'a scheduler of rxjs',
];
