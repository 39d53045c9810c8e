import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { duplicateKey } from '../../../src/venues/decode/json-keys.ts';
import { refuseDuplicateKeys } from '../../../src/venues/decode/read-frame.ts';
import { runs } from '../../../testing/properties/seeds.ts';

const keys = fc.oneof(
  fc.constantFrom('a', 'b', '__proto__', '', '"', '\\', ':', 'a":', '{', 'é'),
  fc.string({ maxLength: 3 }),
);

/** JSON as a list of pairs, so that a key can come twice. */
interface Pairs {
  readonly pairs: readonly (readonly [string, unknown])[];
}

const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, 1.5, -2e-7),
    fc.string({ maxLength: 8 }),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.record({ pairs: fc.array(fc.tuple(keys, tie('json')), { maxLength: 4 }) }),
  ),
}));

describe('duplicateKey', () => {
  it('finds a duplicate key exactly when one object contains a key twice', () => {
    fc.assert(
      fc.property(json, fc.constantFrom('', ' ', '\n\t'), (value, space) => {
        expect(duplicateKey(written(value, space)) !== undefined).toBe(repeats(value));
      }),
      { numRuns: runs(3_000) },
    );
  });

  it.each([
    ['{"a":1,"b":{"a":2},"c":[{"a":1},{"a":2}]}', undefined],
    ['{"a":1,"a":1}', 'a'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"x":{"b" : 1, "b":2}}', 'b'],
    ['[{"a":[1,"a"]},{"a":{"a":1,"z":"a\\":"}}]', undefined],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
    ['"a"', undefined],
  ])('reads %s and returns %s', (text, key) => {
    expect(duplicateKey(text)).toBe(key);
  });

  it('rejects JSON that is nested 100,000 levels deep, and accepts 64 levels', () => {
    expect(() => duplicateKey(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`)).toThrow('nested deeper');
    expect(duplicateKey(`${'['.repeat(64)}${']'.repeat(64)}`)).toBeUndefined();
  });
});

describe('refuseDuplicateKeys', () => {
  it('finds an escaped duplicate key even if the number of colons matches the key count', () => {
    JSON.parse('{"h":[],"\\\\":0}');
    const text = '{"h":1,"\\u0070":2,"p":3,"\\u0070":4}';
    const { length } = Object.keys(JSON.parse(text) as object);
    for (const keys of [length, 4]) expect(() => refuseDuplicateKeys(text, keys)).toThrow('p is there twice');
  });

  it('throws exactly when duplicateKey finds a key', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(keys, fc.constantFrom('1', '":"', '"b:c"')), { maxLength: 5 }), (pairs) => {
        const text = `{${pairs.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
        const count = Object.keys(JSON.parse(text) as object).length;
        const check = () => refuseDuplicateKeys(text, count);
        if (duplicateKey(text) === undefined) expect(check).not.toThrow();
        else expect(check).toThrow('is there twice');
      }),
      { numRuns: runs(2_000) },
    );
  });
});

function written(value: unknown, space: string): string {
  if (Array.isArray(value)) return `[${value.map((item) => written(item, space)).join(`${space},`)}]`;
  if (!isPairs(value)) return JSON.stringify(value);
  return `{${value.pairs.map(([key, item]) => `${space}${JSON.stringify(key)}${space}:${space}${written(item, space)}`).join(',')}}`;
}

function repeats(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(repeats);
  if (!isPairs(value)) return false;
  const names = value.pairs.map(([key]) => key);
  return new Set(names).size < names.length || value.pairs.some(([, item]) => repeats(item));
}

function isPairs(value: unknown): value is Pairs {
  return typeof value === 'object' && value !== null && 'pairs' in value;
}
