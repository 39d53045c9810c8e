import type { z } from 'zod';
import { hintFor, nearestKey } from '../domain/options/nearest-key.ts';
import { SECRET_NAME, shown } from '../domain/options/shown.ts';
import { ConfigError, type Problem } from './problem.ts';
import { allKeys, hasSecret, schemaAt } from './schema-walk.ts';
import { type KeyPath, valueAt, type YamlSource } from './yaml-source.ts';

/** Collects the problems of a configuration, at most one for each key, and says where each value came from. */
export class ConfigReport {
  readonly problems: Problem[] = [];
  readonly #file: string;
  readonly #yaml: YamlSource | undefined;
  readonly #origins = new Map<string, string>();

  /** `file` is the name to show. Without `yaml`, problems have no line numbers. */
  constructor(file: string, yaml: YamlSource | undefined) {
    this.#file = file;
    this.#yaml = yaml;
  }

  /** Stores that a key, and all keys below it, come from `origin` instead of the file. */
  override(key: KeyPath, origin: string): void {
    this.#origins.set(dotted(key), origin);
  }

  refuse(key: KeyPath, found: string, allowed: string, hint?: string): void {
    const place = this.#placeOf(key);
    if (this.problems.some((other) => other.key === dotted(key) && other.where === place.where)) return;
    this.problems.push({ ...place, key: dotted(key), found, allowed: `allowed: ${allowed}`, hint });
  }

  /** The value of a key as it was written. */
  shown(root: unknown, key: KeyPath): string {
    const written = this.#originOf(key) === undefined ? this.#yaml?.numberAt(key) : undefined;
    return written ?? shown(valueAt(root, key));
  }

  has(key: string): boolean {
    return this.problems.some(
      (problem) => problem.key === key || problem.key.startsWith(`${key}[`) || problem.key.startsWith(`${key}.`),
    );
  }

  throwIfAny(): void {
    if (this.problems.length > 0) throw new ConfigError(this.problems);
  }

  #placeOf(key: KeyPath): Pick<Problem, 'where' | 'line'> {
    const origin = this.#originOf(key);
    if (origin !== undefined) return { where: origin };
    return this.#yaml === undefined ? { where: this.#file } : { where: this.#file, line: this.#yaml.lineOf(key) };
  }

  #originOf(key: KeyPath): string | undefined {
    return key.map((_, index) => this.#origins.get(dotted(key.slice(0, index + 1)))).findLast((origin) => origin);
  }
}

function dotted(key: KeyPath): string {
  return key.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');
}

/** The validated values, and the report for their problems. */
export interface Validated {
  readonly root: unknown;
  readonly report: ConfigReport;
  /** The known keys of a section. */
  readonly keysOf: (section: KeyPath) => readonly string[];
}

/** Adds zod's issue to the report. */
export function refuseIssue(validated: Validated, issue: z.core.$ZodIssue, at: KeyPath): void {
  const { root, report } = validated;
  const here: KeyPath = [...at, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) refuseUnknownKey(validated, [...here, key], validated.keysOf(here));
    return;
  }
  if (issue.code === 'invalid_union') {
    // The best message is from the union's option with the right type: all of its problems are in inner keys.
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
  const value = valueAt(root, here);
  // The key may be a secret's key, misspelled.
  const isSection = here.length === 1 && typeof value === 'object';
  const isHidden = isSection || SECRET_NAME.test(key) || hasSecret(schemaAt(here.slice(0, -1)));
  const hint = near === undefined ? undefined : `did you mean ${near}?`;
  report.refuse(here, `an unknown key${isHidden ? '' : ` (value ${shown(value)})`}`, known.join(', '), hint);
}
