import { describe, expect, it } from 'vitest';
import { DEFAULT_GUARD, type GuardOptions, guardOptions } from '../../../src/client/guard/trading-decision.ts';
import { Fault } from '../../../src/domain/fault.ts';

const limits = ['maxPriceAgeMs', 'maxLagMs', 'statusSilenceMs', 'maxIdleMs', 'gapHaltMs', 'resumeAfterMs'] as const;
/** Options as a program without types may pass them. */
const untyped = (options: Readonly<Record<string, unknown>>): Partial<GuardOptions> => options;

describe('guardOptions', () => {
  it('rejects an unknown limit, and names the nearest known one', () => {
    expect(() => guardOptions(untyped({ maxPriceAge: 1 }))).toThrow(
      'guard: no option maxPriceAge (did you mean maxPriceAgeMs?); there are maxPriceAgeMs, maxIdleMs, maxLagMs, ',
    );
    expect(() => guardOptions(untyped({ brokers: ['a:1'] }))).toThrow('guard: no option brokers; there are ');
  });

  it('uses the last defined value of each option, or the default', () => {
    expect(guardOptions()).toEqual(DEFAULT_GUARD);
    const given = guardOptions(
      { maxLagMs: 7, gapHaltMs: 8 },
      untyped({ maxLagMs: 9, gapHaltMs: undefined, maxPriceAgeMs: undefined }),
    );
    expect(given).toEqual({ ...DEFAULT_GUARD, maxLagMs: 9, gapHaltMs: 8 });
  });

  it.each(limits)('rejects a %s that is not a number of at least 0', (field) => {
    for (const value of [Number.NaN, -1, '5000', null]) {
      const give = () => guardOptions(untyped({ [field]: value }));
      const allowed = 'milliseconds, 0 or more; Infinity for no limit';
      const shown = typeof value === 'string' ? `"${value}"` : value;
      expect(give).toThrow(`guard: ${field} is ${shown}, allowed: ${allowed}`);
      expect(give).toThrow(Fault);
    }
    for (const value of [0, 0.5, Number.POSITIVE_INFINITY]) expect(guardOptions({ [field]: value })[field]).toBe(value);
  });

  it.each(['allowTestData', 'requireBooks'] as const)(
    'rejects a %s that is not a boolean, such as the text "false"',
    (field) => {
      expect(() => guardOptions(untyped({ [field]: 'false' }))).toThrow(
        `guard: ${field} is "false", allowed: true or false`,
      );
      expect(() => guardOptions(untyped({ [field]: 1 }))).toThrow(
        expect.objectContaining({ kind: 'internal', field, retry: { kind: 'never' } }),
      );
    },
  );
});
