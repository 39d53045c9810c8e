import fc from 'fast-check';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { ConfigError } from '../../src/config/problem.ts';
import { sections } from '../../src/config/schema.ts';
import { parseYaml } from '../../src/config/yaml-source.ts';
import { expectHarmless, hostileValue, TRAPS } from '../../testing/feeds/hostile-json.ts';
import { runs } from '../../testing/properties/seeds.ts';

const NAMES = [...Object.keys(sections), 'bybit', 'url', 'brokers', 'enabled', 'reconnect', 'dir', 'level', 'all'];

/** The error for the user, if there is one. */
function complaint(load: () => unknown): ConfigError | undefined {
  try {
    expectHarmless(load, 3000);
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

it('loadConfig returns a configuration or throws a ConfigError for any values', () => {
  fc.assert(
    fc.property(hostileValue(NAMES), (values) => {
      complaint(() => loadConfig({ values: values as object }));
    }),
    { numRuns: runs(300) },
  );
}, 60_000);

it('loadConfig returns a configuration or throws a ConfigError for any values of a section', () => {
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(sections), ...TRAPS), hostileValue(NAMES), (name, value) => {
      complaint(() =>
        loadConfig({ values: JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(value)}}`) as object }),
      );
    }),
    { numRuns: runs(300) },
  );
}, 60_000);

it('parseYaml returns a value or throws a ConfigError for any text', () => {
  const pieces = fc.constantFrom(
    'a',
    ':',
    ' ',
    '\n',
    '- ',
    '&x ',
    '*x',
    '<<: ',
    '{',
    '}',
    '[',
    '!!js ',
    '"',
    '|',
    '#',
    '\t',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 60 }), (text) => {
      complaint(() => parseYaml(text.join(''), 'file.yaml'));
    }),
    { numRuns: runs(1000) },
  );
}, 30_000);

it('parseYaml refuses aliases that expand too far', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 12; level++)
    lines.push(
      `a${level}: &a${level} [${Array(10)
        .fill(`*a${level - 1}`)
        .join()}]`,
    );
  expect(complaint(() => parseYaml(lines.join('\n'), 'file.yaml'))?.message).toContain('alias');
});
