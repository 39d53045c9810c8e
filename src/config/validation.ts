import type { z } from 'zod';
import { hintFor, nearestKey } from './nearest-key.ts';
import { SECRET_NAME, shown } from './problem.ts';
import type { ConfigReport } from './report.ts';
import { allKeys } from './schema-walk.ts';
import { type KeyPath, valueAt } from './yaml-source.ts';

/** What was validated, and where its problems go. */
export interface Validated {
  readonly root: unknown;
  readonly report: ConfigReport;
  /** The keys that are known at a place. */
  readonly keysOf: (section: KeyPath) => readonly string[];
}

/** Turns what zod finds wrong into problems of the report. */
export function refuseIssue(validated: Validated, issue: z.core.$ZodIssue, at: KeyPath): void {
  const { root, report } = validated;
  const here: KeyPath = [...at, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) refuseUnknownKey(validated, [...here, key], validated.keysOf(here));
    return;
  }
  if (issue.code === 'invalid_union') {
    // The option whose own shape fits, wrong only further in, says best what is wrong.
    const meant = issue.errors.find(
      (issues) =>
        issues.length > 0 &&
        issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys' || code === 'too_small'),
    );
    for (const inner of meant ?? []) refuseIssue(validated, inner, here);
    if (meant !== undefined) return;
  }
  const value = valueAt(root, here);
  const isName = issue.code === 'invalid_value' && typeof value === 'string';
  const hint = isName ? hintFor(value, issue.values.map(String)) : undefined;
  report.refuse(here, report.shown(root, here), issue.message, hint);
}

export function refuseUnknownKey({ root, report }: Validated, here: KeyPath, known: readonly string[]): void {
  const key = String(here.at(-1));
  const near =
    nearestKey(key, known) ??
    nearestKey(key.replaceAll('-', '_'), known) ??
    allKeys().find((other) => other === key || other.endsWith(`.${key}`));
  const value = SECRET_NAME.test(key) ? '[hidden]' : shown(valueAt(root, here));
  const hint = near === undefined ? undefined : `did you mean ${near}?`;
  report.refuse(here, `an unknown key (value ${value})`, known.join(', '), hint);
}
