import { describe, expect, it } from 'vitest';
import { DEFAULT_GUARD, type GuardOptions, guardOptions } from '../../../src/client/guard/trading-decision.ts';
import { Fault } from '../../../src/domain/fault.ts';

const limits = ['maxPriceAgeMs', 'maxLagMs', 'statusSilenceMs', 'gapHaltMs', 'resumeAfterMs'] as const;
/** As they come from a program without types. */
const untyped = (options: Readonly<Record<string, unknown>>): Partial<GuardOptions> => options;

describe('the options of the guard', () => {
  it('are those given last, else those before, else the defaults; undefined is not given', () => {
    expect(guardOptions()).toEqual(DEFAULT_GUARD);
    const given = guardOptions(
      { maxLagMs: 7, gapHaltMs: 8 },
      untyped({ maxLagMs: 9, gapHaltMs: undefined, maxPriceAgeMs: undefined, brokers: ['a:1'] }),
    );
    expect(given).toEqual({ ...DEFAULT_GUARD, maxLagMs: 9, gapHaltMs: 8 });
  });

  it.each(limits)('refuse a %s that is no number from 0 on', (field) => {
    for (const value of [Number.NaN, -1, '5000', null]) {
      const give = () => guardOptions(untyped({ [field]: value }));
      expect(give).toThrow(`${field}: ${value} is no number of milliseconds from 0 on`);
      expect(give).toThrow(Fault);
    }
    for (const value of [0, 0.5, Number.POSITIVE_INFINITY]) expect(guardOptions({ [field]: value })[field]).toBe(value);
  });

  it('refuse text for allowTestData: "false" is not false', () => {
    expect(() => guardOptions(untyped({ allowTestData: 'false' }))).toThrow(
      'allowTestData: false is neither true nor false',
    );
    try {
      guardOptions(untyped({ allowTestData: 1 }));
    } catch (fault) {
      expect(fault).toMatchObject({ kind: 'internal', field: 'allowTestData', retry: { kind: 'never' } });
    }
    expect.assertions(2);
  });
});
