import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/domain/fault.ts';
import { binance, binanceTestnet, binanceUs } from '../../../src/venues/binance/venue.ts';
import type { BackfillRequest, Venue } from '../../../src/venues/contract.ts';
import { wantedOf } from '../../contracts/venue-contract.ts';
import { tradesFixture } from '../../fixtures/read-fixtures.ts';
import { tradeEvent } from '../../support/events.ts';

function requestOf(venue: Venue, attempt: number, wanted: Partial<BackfillRequest> = {}) {
  const request = venue.backfill?.({ ...wantedOf(venue, attempt), ...wanted });
  if (request === undefined) throw new Error('no backfill');
  return request;
}

/** The answer with one field of its second row changed; undefined takes it away. */
function fieldOf(venue: Venue, attempt: number, row: Readonly<Record<string, unknown>>, field: string, value: unknown) {
  try {
    requestOf(venue, attempt).parse([row, { ...row, [field]: value }]);
  } catch (error) {
    expect(error).toBeInstanceOf(Fault);
    expect(error).toMatchObject({ kind: 'malformed', retry: { kind: 'never' } });
    return (error as Fault).field;
  }
  return 'nothing is wrong';
}

describe.each([binance, binanceTestnet])('backfill of $id', (venue) => {
  it('asks for the last trades first, which are fresh', () => {
    expect(requestOf(venue, 0)).toMatchObject({ path: '/api/v3/trades?symbol=BTCUSDT&limit=1000', weight: 25 });
  });

  it.each([1, 2, 17])('then, at attempt %i, for the past from the first id that is missing', (attempt) => {
    expect(requestOf(venue, attempt)).toMatchObject({
      path: '/api/v3/historicalTrades?symbol=BTCUSDT&fromId=101&limit=1000',
      weight: 25,
    });
  });

  it('an aggregated trade before the hole counts up to its last id', () => {
    const before = tradeEvent(9_007_199_254_740_985, { lastTradeId: '9007199254740990' });
    expect(requestOf(venue, 1, { before }).path).toContain('fromId=9007199254740991&');
  });
});

describe('backfill of binance_us', () => {
  it.each([0, 2])('asks for the last trades at attempt %i', (attempt) => {
    expect(requestOf(binanceUs, attempt)).toMatchObject({
      path: '/api/v3/trades?symbol=BTCUSDT&limit=1000',
      weight: 1,
    });
  });

  it('takes these only where they reach back to the first id that is missing', () => {
    const row = { id: 28457, price: '4.0', qty: '12.0', time: 1499865549590, isBuyerMaker: true };
    const from = (before: number) => requestOf(binanceUs, 0, { before: tradeEvent(before) }).parse([row]).length;
    expect([28455, 28456, 28457].map(from)).toEqual([0, 1, 1]);
  });

  it.each([1, 3])('in turn with aggregated ones, which want no key, at attempt %i', (attempt) => {
    expect(requestOf(binanceUs, attempt)).toMatchObject({
      path: '/api/v3/aggTrades?symbol=BTCUSDT&startTime=1700000000100&limit=1000',
      weight: 1,
    });
  });
});

describe('its rows', () => {
  const [trade] = tradesFixture('binance', 'trades').body as Readonly<Record<string, unknown>>[];
  const [aggregate] = tradesFixture('binance', 'agg-trades').body as Readonly<Record<string, unknown>>[];

  it.each(['id', 'price', 'qty', 'time', 'isBuyerMaker'])('a trade whose %s is missing or wrong names it', (field) => {
    for (const venue of [binance, binanceUs])
      for (const value of [undefined, null, [], {}, '', -1])
        expect(fieldOf(venue, 0, trade ?? {}, field, value)).toBe(`[1].${field}`);
    expect(fieldOf(binance, 1, trade ?? {}, field, undefined)).toBe(`[1].${field}`);
  });

  it.each(['f', 'l', 'p', 'q', 'T', 'm'])('an aggregated trade whose %s is missing or wrong names it', (field) => {
    for (const value of [undefined, null, [], {}, '', -1])
      expect(fieldOf(binanceUs, 1, aggregate ?? {}, field, value)).toBe(`[1].${field}`);
  });

  it('an aggregated trade that ends before it begins is malformed', () => {
    expect(fieldOf(binanceUs, 1, aggregate ?? {}, 'l', 27_780)).toBe('[1].l');
  });

  it('keys that nothing reads may be missing, and others may come', () => {
    const { quoteQty, isBestMatch, ...rest } = trade ?? {};
    expect([quoteQty, isBestMatch]).not.toContain(undefined);
    expect(requestOf(binance, 0).parse([{ ...rest, st: 1 }])).toHaveLength(1);
  });

  it('the time of receipt is asked when the answer is read', () => {
    let now = 1;
    const request = requestOf(binance, 0, { receivedAt: () => now });
    now = 2;
    expect(request.parse([trade])).toMatchObject([{ receivedAt: 2 }]);
  });
});
