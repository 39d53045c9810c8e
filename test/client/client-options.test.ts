import { describe, expect, it } from 'vitest';
import { checkOptions, prefixesOf, startOf } from '../../src/client/client-options.ts';

describe('the client options', () => {
  it('select the topics of an environment; for the testnet, status and gaps are production topics', () => {
    expect(prefixesOf({ brokers: [] })).toEqual({ market: 'market.', feed: 'market.' });
    expect(prefixesOf({ environment: 'simulated', topicPrefix: 'x.' })).toEqual({
      market: 'x.simulated.',
      feed: 'x.simulated.',
    });
    expect(prefixesOf({ environment: 'testnet' })).toEqual({ market: 'market.testnet.', feed: 'market.' });
    expect(prefixesOf({ dir: 'data', environment: 'replay' })).toEqual({ market: 'replay.', feed: 'replay.' });
  });

  it('set where reading starts for all topics or for one topic, and reject an invalid date', () => {
    expect(startOf({}, 'trades')).toBe('end');
    expect(startOf({ from: new Date(7) }, 'trades')).toEqual({ timeMs: 7 });
    const from = { trades: 8, prices: 'beginning' } as const;
    expect(startOf({ from }, 'trades')).toEqual({ timeMs: 8 });
    expect(startOf({ from }, 'prices')).toBe('beginning');
    expect(startOf({ from }, 'klines')).toBe('end');
    const noTime = { brokers: ['a:1'], from: { klines: new Date('yesterday') } };
    expect(() => checkOptions(noTime)).toThrow('from: Invalid Date is not a time');
  });

  it('reject missing brokers, brokers together with dir, and a group together with dir', () => {
    expect(() => checkOptions({})).toThrow('brokers: at least one host:port');
    expect(() => checkOptions({ brokers: ['a:1'], dir: 'data' })).toThrow('dir: either brokers or dir, not both');
    expect(() => checkOptions({ dir: 'data', group: 'g' })).toThrow(
      'group: files are not shared; a group needs brokers',
    );
  });

  it('reject a limit that is not a valid number or a flag that is not a boolean', () => {
    const text: object = { allowTestData: 'false' };
    expect(() => checkOptions({ brokers: ['a:1'], ...text })).toThrow('allowTestData: false is neither true nor false');
    expect(() => checkOptions({ brokers: ['a:1'], maxLagMs: Number.NaN })).toThrow('maxLagMs: NaN is not a number');
    for (const identityWindow of [0, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => checkOptions({ brokers: ['a:1'], identityWindow })).toThrow(
        `identityWindow: ${identityWindow} is not a whole number of 1 or more`,
      );
    checkOptions({ brokers: ['a:1'], identityWindow: 1, maxLagMs: 0 });
  });
});
