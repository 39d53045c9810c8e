import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load-config.ts';
import { allKeys } from '../../src/config/schema-walk.ts';

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
const yaml = /```yaml\n(.*?)```/s.exec(page)?.[1] ?? '';

describe('docs/configuration.md', () => {
  it('shows no default that differs from the built-in one', () => {
    const shown = { ...(parse(yaml) as object), coins: ['BTC'] };
    expect(loadConfig({ values: shown })).toEqual(loadConfig({ values: { coins: ['BTC'] } }));
  });

  it('names every key', () => {
    const named = new Set(page.match(/\w+/g));
    const keys = allKeys().map((key) => key.split('.').at(-1) as string);
    expect(keys.length).toBeGreaterThan(80);
    // loadConfig refuses passwords and tokens in the file, so the page names only their environment variables.
    expect(keys.filter((key) => !named.has(key) && !/^(password|token)$/.test(key))).toEqual([]);
  });
});
