import { describe, expect, it } from 'vitest';
import { checkOptions, placeOf, prefixesOf } from '../../src/client/client-options.ts';

describe('the options of a client', () => {
  it('pick the topics of an environment; a production feed reports on the testnet', () => {
    expect(prefixesOf({ brokers: [] })).toEqual({ market: 'market.', feed: 'market.' });
    expect(prefixesOf({ environment: 'simulated', topicPrefix: 'x.' })).toEqual({
      market: 'x.simulated.',
      feed: 'x.simulated.',
    });
    expect(prefixesOf({ environment: 'testnet' })).toEqual({ market: 'market.testnet.', feed: 'market.' });
    expect(prefixesOf({ dir: 'data', environment: 'replay' })).toEqual({ market: 'replay.', feed: 'replay.' });
  });

  it('say where to begin, with all topics or with each', () => {
    expect(placeOf({}, 'trades')).toBe('end');
    expect(placeOf({ from: new Date(7) }, 'trades')).toEqual({ timeMs: 7 });
    const from = { trades: 8, prices: 'beginning' } as const;
    expect(placeOf({ from }, 'trades')).toEqual({ timeMs: 8 });
    expect(placeOf({ from }, 'prices')).toBe('beginning');
    expect(placeOf({ from }, 'klines')).toBe('end');
    const noTime = { brokers: ['a:1'], from: { klines: new Date('yesterday') } };
    expect(() => checkOptions(noTime)).toThrow('from: Invalid Date is no time');
  });

  it('say what does not go together', () => {
    expect(() => checkOptions({})).toThrow('brokers: at least one host:port');
    expect(() => checkOptions({ brokers: ['a:1'], dir: 'data' })).toThrow('dir: either brokers or dir, not both');
    expect(() => checkOptions({ dir: 'data', group: 'g' })).toThrow(
      'group: files are not shared; a group needs brokers',
    );
  });

  it('say which limit is none', () => {
    const text: object = { allowTestData: 'false' };
    expect(() => checkOptions({ brokers: ['a:1'], ...text })).toThrow('allowTestData: false is neither true nor false');
    expect(() => checkOptions({ brokers: ['a:1'], maxLagMs: Number.NaN })).toThrow('maxLagMs: NaN is no number');
    for (const identityWindow of [0, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => checkOptions({ brokers: ['a:1'], identityWindow })).toThrow(
        `identityWindow: ${identityWindow} is no whole number from 1 on`,
      );
    checkOptions({ brokers: ['a:1'], identityWindow: 1, maxLagMs: 0 });
  });
});
