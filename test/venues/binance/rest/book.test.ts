import { describe, expect, it } from 'vitest';
import { binanceSpot } from '../../../../src/venues/binance/venue.ts';
import { ORIGIN } from '../../past-origin.ts';

const parse = (body: object) => binanceSpot.book?.({ ...ORIGIN, levels: 50 }).parse(body);
const NOT_BEGUN = { lastUpdateId: -1, bids: [], asks: [] };

describe('the REST book of Binance', () => {
  it('is empty with the id 0 for a listing without orders, or a testnet after its reset', () => {
    const ids = { firstUpdateId: '0', lastUpdateId: '0' };
    expect(parse(NOT_BEGUN)).toMatchObject({ ...ids, snapshot: true, bids: [], asks: [] });
  });

  it('is malformed if it has a level and the id -1', () => {
    for (const side of ['bids', 'asks'])
      expect(() => parse({ ...NOT_BEGUN, [side]: [['1', '1']] })).toThrow('lastUpdateId is -1');
  });
});
