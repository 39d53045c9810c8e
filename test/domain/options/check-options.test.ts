import { describe, expect, it } from 'vitest';
import {
  FLAG,
  isListOf,
  isText,
  objectOf,
  optionProblem,
  requireOptions,
  TEXT,
  WAIT_MS,
  wholeNumberFrom,
} from '../../../src/domain/options/check-options.ts';

const RULES = {
  timeoutMs: WAIT_MS,
  names: [isListOf(isText), 'at least one name'],
  isOpen: FLAG,
  attempts: wholeNumberFrom(1),
  login: objectOf('a login', { user: TEXT, password: TEXT }),
} as const;
const message = (options: unknown) => optionProblem(options, RULES)?.message;

describe('optionProblem', () => {
  it('accepts options that follow the rules, null where it means none, and undefined for an option left out', () => {
    for (const options of [
      {},
      { timeoutMs: 0.5, names: ['a'], isOpen: false, attempts: 1, login: { user: 'u', password: 'p' } },
      { timeoutMs: undefined, login: null },
    ])
      expect(optionProblem(options, RULES)).toBeUndefined();
  });

  it('names an unknown option, the nearest known one, and all known ones', () => {
    const known = 'there are timeoutMs, names, isOpen, attempts, login';
    expect(message({ timeout: 1 })).toBe(`no option timeout (did you mean timeoutMs?); ${known}`);
    expect(message({ constructor: 1 })).toBe(`no option constructor; ${known}`);
    expect(message({ login: { pasword: 'hunter2' } })).toBe(
      'no option login.pasword (did you mean login.password?); there are user, password',
    );
  });

  it('names a wrong value and what is allowed, without secrets', () => {
    const wait = 'allowed: milliseconds above 0, up to 2147483647';
    for (const value of [Number.NaN, 0, -1, Number.POSITIVE_INFINITY])
      expect(message({ timeoutMs: value })).toBe(`timeoutMs is ${value}, ${wait}`);
    expect(message({ timeoutMs: '5' })).toBe(`timeoutMs is "5", ${wait}`);
    for (const value of [0, 1.5, Number.POSITIVE_INFINITY, 2 ** 53])
      expect(message({ attempts: value })).toBe(`attempts is ${value}, allowed: a whole number of 1 or more`);
    expect(message({ attempts: 1n })).toBe('attempts is 1n, allowed: a whole number of 1 or more');
    expect(message({ names: [] })).toBe('names is [], allowed: at least one name');
    expect(message({ isOpen: () => true })).toBe('isOpen is a function, allowed: true or false');
    expect(message({ login: 'me' })).toBe('login is "me", allowed: a login, or null for none');
    expect(message({ login: { password: 7 } })).toBe('login.password is [hidden], allowed: a text');
  });

  it('names options that are no object', () => {
    expect(message(undefined)).toBe(
      'options are nothing, allowed: an object with timeoutMs, names, isOpen, attempts, login',
    );
    expect(optionProblem(null, RULES)).toMatchObject({ field: '' });
  });
});

it('requireOptions throws a TypeError that names the owner', () => {
  expect(() => requireOptions('connect', { timeoutMs: 1 }, RULES)).not.toThrow();
  expect(() => requireOptions('connect', { timeotMs: 1 }, RULES)).toThrow(
    new TypeError(
      'connect: no option timeotMs (did you mean timeoutMs?); there are timeoutMs, names, isOpen, attempts, login',
    ),
  );
});
