import fc from 'fast-check';

/** Names that are dangerous if an object is used as a map. */
export const TRAPS = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'length', ''] as const;

const scalars = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -0, -1, 1e308, 5e-324, 2 ** 53, 2 ** 63, 0.1),
  fc.constantFrom('', '0', '-1', '1e9', 'NaN', 'Infinity', '0x10', ' 1', '1_000', '\u0000', '\ud800', '9'.repeat(500)),
  fc.constantFrom('1700000000000', '61837.63', 'BTCUSDT', 'Buy', '100'),
  fc.integer({ min: 0, max: 1_800_000_000_000 }),
  fc.string(),
  // This object converts neither to a string nor to a number.
  fc.constant<unknown>({ toString: 0, valueOf: 0 }),
);

/** JSON values with these field names and TRAPS, a few levels deep. */
export function hostileValue(names: readonly string[]): fc.Arbitrary<unknown> {
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      scalars,
      fc.array(tie('value'), { maxLength: 6 }),
      fc
        .array(fc.tuple(fc.constantFrom(...names, ...TRAPS), tie('value')), { maxLength: 8 })
        // JSON.parse makes `__proto__` a field like any other.
        .map((entries) => JSON.parse(objectText(entries)) as unknown),
    ),
  }));
  return value;
}

/** The values of `hostileValue` as JSON text. One text in 61 is nested very deeply instead. */
export function hostileText(names: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { arbitrary: hostileValue(names).map((value) => JSON.stringify(value)), weight: 60 },
    { arbitrary: fc.constantFrom(...DEEP), weight: 1 },
  );
}

const LEVELS = 20_000;
const DEEP = [
  '['.repeat(LEVELS) + ']'.repeat(LEVELS),
  '['.repeat(LEVELS),
  `${'{"a":'.repeat(LEVELS)}1${'}'.repeat(LEVELS)}`,
];

function objectText(entries: readonly (readonly [string, unknown])[]): string {
  return `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value) ?? 'null'}`).join()}}`;
}

/** Runs `work`. Throws if it takes longer than `withinMs`, or if it adds a property to all objects. */
export function expectHarmless<T>(work: () => T, withinMs = 1000): T {
  const began = performance.now();
  let result: { readonly value: T } | { readonly error: unknown };
  try {
    result = { value: work() };
  } catch (error) {
    result = { error };
  }
  const took = performance.now() - began;
  if (took > withinMs) throw new Error(`it took ${took.toFixed(0)} ms`);
  const found = [...Object.keys(Object.prototype), ...Object.keys(Array.prototype)];
  if (found.length > 0) throw new Error(`it gave all objects ${found.join(', ')}`);
  if ('error' in result) throw result.error;
  return result.value;
}
