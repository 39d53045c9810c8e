import { afterEach, expect, it, vi } from 'vitest';
import { remember, remembered } from '../../../dashboard/page/storage.ts';

afterEach(() => vi.unstubAllGlobals());

it('remembers values for this browser or this tab', () => {
  for (const storage of ['localStorage', 'sessionStorage'] as const) {
    const values = new Map<string, string>();
    vi.stubGlobal(storage, {
      getItem: (key: string) => values.get(key) ?? null,
      setItem: (key: string, value: string) => values.set(key, value),
    });
    expect(remembered('key', storage)).toBeUndefined();
    remember('key', 'value', storage);
    expect(remembered('key', storage)).toBe('value');
  }
});

it('does without a storage that the browser blocks', () => {
  vi.stubGlobal('localStorage', {
    getItem: () => {
      throw new Error('blocked');
    },
    setItem: () => {
      throw new Error('blocked');
    },
  });
  expect(() => remember('key', 'value')).not.toThrow();
  expect(remembered('key')).toBeUndefined();
});
