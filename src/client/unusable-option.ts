import { Fault } from '../domain/fault.ts';
import { type OptionRule, optionProblem } from '../domain/options/check-options.ts';

export const unusableOption = (field: string, message: string): Fault =>
  new Fault('internal', `${field}: ${message}`, { retry: { kind: 'never' }, field });

/**
 * Checks the options of a function. `path`: see `optionProblem`.
 * @throws Fault with retry `never` that names the function and the first option that is unknown or unusable.
 */
export function requireUsable(
  owner: string,
  options: unknown,
  rules: Readonly<Record<string, OptionRule>>,
  path = '',
): void {
  const problem = optionProblem(options, rules, path);
  if (problem === undefined) return;
  const { field, message } = problem;
  throw new Fault('internal', `${owner}: ${message}`, { retry: { kind: 'never' }, field });
}
