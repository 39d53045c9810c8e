import { z } from 'zod';
import { hintFor } from '../domain/options/nearest-key.ts';
import type { Problem } from './problem.ts';
import { allKeys, bare, isNullable, schemaAt } from './schema-walk.ts';
import type { KeyPath } from './yaml-source.ts';

const PREFIX = 'MARKET_FEED__';

/** The environment variable of a key. */
export function variableOf(key: KeyPath): string {
  return PREFIX + key.join('__').toUpperCase();
}

/** A value from outside the file, and its origin. */
export interface Override {
  readonly key: readonly string[];
  readonly value: unknown;
  readonly origin: string;
}

/**
 * The values from environment variables: `MARKET_FEED__FEED__STALE_AFTER_MS=3000` is `feed.stale_after_ms`. Text
 * becomes the key's type: number, boolean, comma-separated list or null. Other text stays as it is, for the validation
 * to report.
 */
export function environmentOverrides(environment: Readonly<Record<string, string | undefined>>): {
  readonly overrides: readonly Override[];
  readonly problems: readonly Problem[];
} {
  const overrides: Override[] = [];
  const problems: Problem[] = [];
  for (const variable of Object.keys(environment).sort()) {
    const text = environment[variable];
    if (text === undefined) continue;
    const origin = `environment variable ${variable}`;
    if (!variable.startsWith(PREFIX)) {
      const meant = keyMeantBy(variable);
      if (meant === undefined) continue;
      const allowed = `allowed: two, as in ${variableOf(meant.split('.'))}`;
      problems.push({ where: origin, key: meant, found: 'one underscore after MARKET_FEED', allowed });
      continue;
    }
    const key = variable.slice(PREFIX.length).toLowerCase().split('__');
    const schema = schemaAt(key);
    if (schema === undefined) {
      const variables = allKeys().map((known) => variableOf(known.split('.')));
      const allowed = 'allowed: the keys of the configuration';
      const hint = hintFor(variable, variables);
      problems.push({ where: origin, key: key.join('.'), found: 'an unknown key', allowed, hint });
    } else overrides.push({ key, value: isMissingFile(key, text) ? '' : readAs(text.trim(), schema), origin });
  }
  return { overrides, problems };
}

/**
 * Returns the key that a variable with one underscore means; undefined: none. Kubernetes sets other variables of this
 * form, such as MARKET_FEED_PORT.
 */
function keyMeantBy(variable: string): string | undefined {
  const prefix = PREFIX.slice(0, -1);
  if (!variable.startsWith(prefix)) return undefined;
  const key = variable.slice(prefix.length).toLowerCase().split('__');
  return key.length > 1 || schemaAt(key) !== undefined ? key.join('.') : undefined;
}

/** True for an empty file name. It is an error, not null: without the file, a token or a certificate is not checked. */
const isMissingFile = (key: KeyPath, text: string): boolean => text.trim() === '' && /_file$/.test(String(key.at(-1)));

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

function readAs(text: string, schema: unknown): unknown {
  if (isNullable(schema) && (text === 'null' || text === '')) return null;
  const inner = bare(schema);
  if (inner instanceof z.ZodNumber) return NUMBER.test(text) ? Number(text) : text;
  if (inner instanceof z.ZodBoolean) return text === 'true' ? true : text === 'false' ? false : text;
  if (inner instanceof z.ZodLiteral) return text === 'true' ? true : text;
  if (inner instanceof z.ZodArray) return entriesOf(text, inner.element);
  if (inner instanceof z.ZodUnion) {
    const options: readonly unknown[] = inner.def.options.map(bare);
    if (options.some((option) => option instanceof z.ZodBoolean) && (text === 'true' || text === 'false'))
      return text === 'true';
    const list = options.find((option) => option instanceof z.ZodArray);
    if (list instanceof z.ZodArray && !/[/\\.]/.test(text)) return entriesOf(text, list.element);
  }
  return text;
}

function entriesOf(text: string, element: unknown): unknown[] {
  if (text === '') return [];
  return text.split(',').map((entry) => readAs(entry.trim(), element));
}
