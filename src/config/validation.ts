import type { z } from 'zod';
import { nearestKey } from './nearest-key.ts';
import { SECRET_NAME, shown } from './problem.ts';
import type { ConfigReport } from './report.ts';
import { allKeys } from './schema-walk.ts';
import { type KeyPath, valueAt } from './yaml-source.ts';

/** Turns what zod finds wrong into problems of the report. */
export class Validation {
  readonly #root: unknown;
  readonly #report: ConfigReport;
  readonly #keysOf: (section: KeyPath) => readonly string[];

  /** `keysOf`: the keys that are known at a place. */
  constructor(root: unknown, report: ConfigReport, keysOf: (section: KeyPath) => readonly string[]) {
    this.#root = root;
    this.#report = report;
    this.#keysOf = keysOf;
  }

  issue(issue: z.core.$ZodIssue, at: KeyPath): void {
    const here: KeyPath = [...at, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) this.unknownKey([...here, key], this.#keysOf(here));
      return;
    }
    if (issue.code === 'invalid_union') {
      // The option whose own shape fits, wrong only further in, says best what is wrong.
      const meant = issue.errors.find(
        (issues) =>
          issues.length > 0 &&
          issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys' || code === 'too_small'),
      );
      if (meant !== undefined) {
        for (const inner of meant) this.issue(inner, here);
        return;
      }
    }
    const value = valueAt(this.#root, here);
    const near =
      issue.code === 'invalid_value' && typeof value === 'string'
        ? nearestKey(value, issue.values.map(String))
        : undefined;
    this.#report.refuse(
      here,
      this.#report.shown(this.#root, here),
      issue.message,
      near === undefined ? undefined : `did you mean ${near}?`,
    );
  }

  unknownKey(here: KeyPath, known: readonly string[]): void {
    const key = String(here.at(-1));
    const near =
      nearestKey(key, known) ??
      nearestKey(key.replaceAll('-', '_'), known) ??
      allKeys().find((other) => other === key || other.endsWith(`.${key}`));
    const value = SECRET_NAME.test(key) ? '[hidden]' : shown(valueAt(this.#root, here));
    this.#report.refuse(
      here,
      `an unknown key (value ${value})`,
      known.join(', '),
      near === undefined ? undefined : `did you mean ${near}?`,
    );
  }
}
