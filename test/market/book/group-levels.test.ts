import { describe, expect, it } from 'vitest';
import { groupLevels } from '../../../src/market/book/group-levels.ts';

const levels = (...rows: readonly (readonly [price: string, quantity: string])[]) =>
  rows.map(([price, quantity]) => ({ price, quantity }));

const BIDS = levels(['100.05', '1'], ['100', '0.1'], ['99.99', '0.2'], ['99.91', '3'], ['99.9', '4'], ['99.89', '5']);
const ASKS = levels(['100.06', '1'], ['100.1', '0.1'], ['100.11', '0.2'], ['100.2', '3'], ['100.21', '9']);

describe('groupLevels', () => {
  it('rounds bids down and asks up, sums exactly, and leaves out a last group that may lack levels', () => {
    expect(groupLevels('bids', BIDS, '0.1')).toEqual(levels(['100', '1.1'], ['99.9', '7.2']));
    expect(groupLevels('asks', ASKS, '0.1')).toEqual(levels(['100.1', '1.1'], ['100.2', '3.2']));
  });

  it('keeps the last group if the worst level is at its end', () => {
    expect(groupLevels('bids', BIDS.slice(0, 5), '0.1').at(-1)).toEqual({ price: '99.9', quantity: '7.2' });
    expect(groupLevels('asks', ASKS.slice(0, 4), '0.1').at(-1)).toEqual({ price: '100.2', quantity: '3.2' });
  });

  it('makes at most the requested number of groups, all of them complete', () => {
    expect(groupLevels('bids', BIDS, '0.1', 1)).toEqual(levels(['100', '1.1']));
    expect(groupLevels('bids', BIDS, '0.1', 2)).toEqual(levels(['100', '1.1'], ['99.9', '7.2']));
  });

  it('is empty if the known levels fill no group, and leaves levels alone that are steps themselves', () => {
    expect(groupLevels('bids', BIDS, '1000')).toEqual([]);
    expect(groupLevels('asks', [], '1')).toEqual([]);
    expect(groupLevels('asks', ASKS, '0.01')).toEqual(ASKS);
  });

  it('groups prices of 18 places without rounding', () => {
    const tiny = levels(['0.000000000000000019', '0.000000000000000001'], ['0.00000000000000001', '2']);
    expect(groupLevels('bids', tiny, '0.00000000000000001')).toEqual(
      levels(['0.00000000000000001', '2.000000000000000001']),
    );
  });

  it('refuses a step that is not positive', () => {
    expect(() => groupLevels('bids', BIDS, '0')).toThrow('step is 0, but must be above 0');
  });
});
