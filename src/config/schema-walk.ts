import { z } from 'zod';
import { secrets, sections } from './schema.ts';

/** A schema without its wrappers for optional, default and null. */
export function bare(schema: unknown): unknown {
  let current: unknown = schema;
  while (
    current instanceof z.ZodDefault ||
    current instanceof z.ZodPrefault ||
    current instanceof z.ZodNullable ||
    current instanceof z.ZodOptional
  )
    current = current.def.innerType;
  return current;
}

/** True if the key may be null: then an empty key is null, not an empty section. */
export function isNullable(schema: unknown): boolean {
  let current: unknown = schema;
  while (current instanceof z.ZodDefault || current instanceof z.ZodPrefault || current instanceof z.ZodOptional)
    current = current.def.innerType;
  return current instanceof z.ZodNullable;
}

/** The keys of a section, or of the section in a union, with their schemas; undefined if there is no section. */
export function keysOf(schema: unknown): Readonly<Record<string, unknown>> | undefined {
  const inner = bare(schema);
  if (inner instanceof z.ZodObject) return inner.shape;
  if (inner instanceof z.ZodUnion) return inner.def.options.map(keysOf).find((keys) => keys !== undefined);
  return undefined;
}

/** True if the key, or a key below it, is a secret. */
export function hasSecret(schema: unknown): boolean {
  const inner = bare(schema);
  if (inner instanceof z.ZodString) return secrets.has(inner);
  return Object.values(keysOf(schema) ?? {}).some(hasSecret);
}

/** The schema of a key outside lists; undefined if it does not exist. */
export function schemaAt(path: readonly (string | number)[]): unknown {
  let keys: Readonly<Record<string, unknown>> | undefined = sections;
  let schema: unknown;
  for (const step of path) {
    if (keys === undefined || !Object.hasOwn(keys, step)) return undefined;
    schema = keys[step];
    keys = keysOf(schema);
  }
  return schema;
}

/** Every key of the configuration as a dotted path. */
export function allKeys(keys: Readonly<Record<string, unknown>> = sections, prefix = ''): readonly string[] {
  return Object.entries(keys).flatMap(([key, schema]) => {
    const inner = keysOf(schema);
    return [prefix + key, ...(inner === undefined ? [] : allKeys(inner, `${prefix}${key}.`))];
  });
}
