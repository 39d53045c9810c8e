import { Fault } from '../domain/fault.ts';
import { type OptionRule, optionProblem } from '../domain/options/check-options.ts';

/** A Fault with retry `never`. Its message begins with `place`: the function with the option, or the option itself. */
export const refusedOption = (place: string, problem: string, field = place): Fault =>
  new Fault('internal', `${place}: ${problem}`, { retry: { kind: 'never' }, field });

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
  if (problem !== undefined) throw refusedOption(owner, problem.message, problem.field);
}
