import { describe, expect, it } from 'vitest';
import type { Fault } from '../../../../src/domain/fault.ts';
import {
  binanceSpot as binance,
  binanceTestnetSpot as binanceTestnet,
  binanceUsSpot as binanceUs,
} from '../../../../src/venues/binance/venue.ts';
import type { BackfillRequest, Venue } from '../../../../src/venues/contract.ts';
import { tradeEvent } from '../../../../testing/judges/events.ts';
import { wantedOf } from '../../../contracts/venue-contract.ts';
import { tradesFixture } from '../../../fixtures/read-fixtures.ts';

function requestOf(venue: Venue, attempt: number, wanted: Partial<BackfillRequest> = {}) {
  const request = venue.backfill?.({ ...wantedOf(venue, attempt), ...wanted });
  if (request === undefined) throw new Error('no backfill');
  return request;
}

/**
 * Parses an answer whose second row has `value` in `field`; undefined removes the field. Returns the field that the
 * fault names.
 */
function fieldOf(venue: Venue, attempt: number, row: Readonly<Record<string, unknown>>, field: string, value: unknown) {
  const faults: Fault[] = [];
  requestOf(venue, attempt).parse([row, { ...row, [field]: value }], (fault) => faults.push(fault));
  expect(faults).toMatchObject([{ kind: 'malformed', retry: { kind: 'never' } }]);
  return faults[0]?.field;
}

describe.each([binance, binanceTestnet])('backfill of $id', (venue) => {
  it.each([0, 2])('requests the last trades at attempt %i', (attempt) => {
    expect(requestOf(venue, attempt)).toMatchObject({ path: '/api/v3/trades?symbol=BTCUSDT&limit=1000', weight: 25 });
  });

  it.each([1, 17])('requests historical trades from the first missing id at attempt %i', (attempt) => {
    expect(requestOf(venue, attempt)).toMatchObject({
      path: '/api/v3/historicalTrades?symbol=BTCUSDT&fromId=101&limit=1000',
      weight: 25,
      otherwise: { path: '/api/v3/aggTrades?symbol=BTCUSDT&startTime=1700000000100&limit=1000', weight: 4 },
    });
  });

  it('requests historical trades if the last trades cannot reach back, with exact ids above 2^53', () => {
    const before = { id: '9007199254739090', timestamp: 1 };
    const after = (id: number) => tradeEvent(id);
    expect(requestOf(venue, 0, { before, after: after(9007199254739989) }).path).toContain('/trades?');
    expect(requestOf(venue, 0, { before, after: after(9007199254739990) }).path).toContain(
      '/historicalTrades?symbol=BTCUSDT&fromId=9007199254739091&',
    );
  });
});

describe.each([binance, binanceUs])('backfill of $id', (venue) => {
  it('accepts the last trades only if they reach back to the first missing id', () => {
    const row = { id: 28457, price: '4.0', qty: '12.0', time: 1499865549590, isBuyerMaker: true };
    const from = (before: number) =>
      requestOf(venue, 0, { before: { id: String(before), timestamp: 1 }, after: tradeEvent(28_460) }).parse([row])
        .length;
    expect([28455, 28456, 28457].map(from)).toEqual([0, 1, 1]);
  });
});

describe('backfill of binance_us', () => {
  it.each([0, 2])('requests the last trades at attempt %i', (attempt) => {
    expect(requestOf(binanceUs, attempt)).toMatchObject({
      path: '/api/v3/trades?symbol=BTCUSDT&limit=1000',
      weight: 1,
    });
  });

  it.each([1, 3])('requests aggregated trades at attempt %i', (attempt) => {
    expect(requestOf(binanceUs, attempt)).toMatchObject({
      path: '/api/v3/aggTrades?symbol=BTCUSDT&startTime=1700000000100&limit=1000',
      weight: 1,
    });
  });

  it('requests aggregated trades at the first attempt if the last trades cannot reach back', () => {
    const path = requestOf(binanceUs, 0, { after: tradeEvent(1100) }).path;
    expect(path).toBe('/api/v3/aggTrades?symbol=BTCUSDT&startTime=1700000000100&limit=1000');
  });
});

describe('backfill of aggregated trades', () => {
  it.each([
    [binance, 4],
    [binanceTestnet, 4],
    [binanceUs, 1],
  ] as const)('of $id requests them from the time of the last known trade', (venue, weight) => {
    expect(venue.backfillAggTrades?.(wantedOf(venue, 0))).toMatchObject({
      path: '/api/v3/aggTrades?symbol=BTCUSDT&startTime=1700000000100&limit=1000',
      weight,
    });
  });
});

describe('rows of a Binance backfill', () => {
  const [trade] = tradesFixture('binance', 'trades').body as Readonly<Record<string, unknown>>[];
  const [aggregate] = tradesFixture('binance', 'agg-trades').body as Readonly<Record<string, unknown>>[];

  it.each(['id', 'price', 'qty', 'time', 'isBuyerMaker'])('reports a missing or invalid %s of a trade', (field) => {
    for (const venue of [binance, binanceUs])
      for (const value of [undefined, null, [], {}, '', -1])
        expect(fieldOf(venue, 0, trade ?? {}, field, value)).toBe(`[1].${field}`);
    expect(fieldOf(binance, 1, trade ?? {}, field, undefined)).toBe(`[1].${field}`);
  });

  it.each(['f', 'l', 'p', 'q', 'T', 'm'])('reports a missing or invalid %s of an aggregated trade', (field) => {
    for (const value of [undefined, null, [], {}, '', -1])
      expect(fieldOf(binanceUs, 1, aggregate ?? {}, field, value)).toBe(`[1].${field}`);
  });

  it('rejects an aggregated trade whose last id is lower than its first id', () => {
    expect(fieldOf(binanceUs, 1, aggregate ?? {}, 'l', 27_780)).toBe('[1].l');
  });

  it('accepts a trade with missing unused keys and with unknown keys', () => {
    const { quoteQty, isBestMatch, ...rest } = trade ?? {};
    expect([quoteQty, isBestMatch]).not.toContain(undefined);
    expect(requestOf(binance, 1).parse([{ ...rest, st: 1 }])).toHaveLength(1);
  });

  it('sets the receive time when the answer is parsed', () => {
    let now = 1;
    const request = requestOf(binance, 1, { receivedAt: () => now });
    now = 2;
    expect(request.parse([trade])).toMatchObject([{ receivedAt: 2 }]);
  });
});
