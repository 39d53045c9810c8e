import { describe, expect, it } from 'vitest';
import type { Command } from '../../../src/cli/arguments/command.ts';
import { parseArguments } from '../../../src/cli/arguments/parse-arguments.ts';

const command: Command = {
  usage: 'try',
  options: {
    one: { value: 'X', help: '' },
    many: { value: 'X…', many: 'list', help: '' },
    flag: { help: '' },
  },
  maxArguments: 2,
  run: async () => 0,
};

const parse = (...argv: string[]) => parseArguments(command, argv);

describe('parseArguments', () => {
  it('uses the last value of a repeated option', () => {
    expect(parse('--one', 'a', '--one=b').options.text('one')).toBe('b');
  });

  it('collects the values of a list option from words, commas and repetition', () => {
    expect(parse('--many', 'a', 'b,c', '--flag', '--many=d', 'e').options.texts('many')).toEqual([
      'a',
      'b',
      'c',
      'd',
      'e',
    ]);
  });

  it('accepts a negative number as the value of an option, but not another option', () => {
    expect(parse('--one', '-5').options.text('one')).toBe('-5');
    expect(() => parse('--one', '-x')).toThrow('--one needs a value');
  });

  it('returns true for a set flag, and false or undefined for missing options', () => {
    const { options } = parse('--flag');
    expect([options.flag('flag'), options.flag('one'), options.text('one')]).toEqual([true, false, undefined]);
  });

  it('reads every word after -- as an argument', () => {
    expect(parse('--', '--flag').arguments).toEqual(['--flag']);
  });
});

it('number() refuses exponents, and refuses fractions unless they are allowed', () => {
  const { options } = parse('--one', '1.5');
  expect(options.number('one', 0, 2, 'any')).toBe(1.5);
  expect(() => options.number('one', 0, 2)).toThrow('--one: found "1.5", allowed: a whole number from 0 to 2');
  expect(() => parse('--one', '1e9').options.number('one', 0, 2e9)).toThrow('found "1e9"');
});

it('an optional value may be left out, before another option or at the end', () => {
  const optional: Command = {
    ...command,
    options: { ...command.options, maybe: { value: 'N', isOptional: true, help: '' } },
  };
  const parsed = (...argv: string[]) => {
    const { options } = parseArguments(optional, argv);
    return [options.flag('maybe'), options.number('maybe', 0, 100), options.flag('flag')];
  };
  expect(parsed('--flag')).toEqual([false, undefined, true]);
  expect(parsed('--maybe', '--flag')).toEqual([true, undefined, true]);
  expect(parsed('--flag', '--maybe', '30')).toEqual([true, 30, true]);
  expect(parsed('--maybe=30')).toEqual([true, 30, false]);
});
