import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Fault } from '../../src/domain/fault.ts';
import type { PastSeries, RestRequest, Venue } from '../../src/venues/contract.ts';
import { venues } from '../../src/venues/registry.ts';
import { expectHarmless, hostileText, hostileValue } from '../../testing/feeds/hostile-json.ts';
import { wantedOf } from '../contracts/venue-contract.ts';
import { ORIGIN } from './past-origin.ts';

const NAMES = [
  ...['id', 'price', 'qty', 'quoteQty', 'time', 'isBuyerMaker', 'a', 'p', 'q', 'f', 'l', 'T', 'm', 'symbols', 'symbol'],
  ...['status', 'baseAsset', 'quoteAsset', 'quoteVolume', 'serverTime', 'lastUpdateId', 'bids', 'asks'],
  ...['retCode', 'retMsg', 'result', 'list', 'execId', 'seq', 'side', 'size', 'timeSecond', 'timeNano', 'isBlockTrade'],
  ...['category', 'nextPageCursor', 'baseCoin', 'quoteCoin', 'turnover24h', 'b', 's', 'u', 'ts', 'cts'],
  ...['filters', 'filterType', 'stepSize', 'lotSizeFilter', 'basePrecision', 'priceFilter', 'tickSize', 'symbolType'],
];

function requestsOf(venue: Venue): readonly RestRequest<unknown>[] {
  const wanted = wantedOf(venue, 0);
  const { instrument, environment, receivedAt } = wanted;
  const { trades, aggTrades, klines } = venue.history ?? {};
  const series = [trades?.(ORIGIN), aggTrades?.(ORIGIN), klines?.(ORIGIN, '1m')].filter((each) => each !== undefined);
  const ofSeries = ({ latest, firstFrom, page }: PastSeries) => [
    latest,
    firstFrom(1_700_000_000_000),
    page(1, 100, 1e13),
  ];
  return [
    venue.instruments,
    venue.dayVolumes,
    venue.time,
    venue.backfill?.(wanted),
    venue.backfillAggTrades?.(wanted),
    venue.recent?.({ instrument, environment, receivedAt }),
    venue.book?.({ instrument, environment, receivedAt, levels: 50 }),
    ...series.flatMap(ofSeries),
  ].filter((request) => request !== undefined);
}

it.each([venues.binance, venues.bybit].map((venue) => ({ venue, name: venue.id })))(
  'the REST parsers of $name accept any answer or throw a Fault, in bounded time',
  ({ venue }) => {
    const requests = requestsOf(venue);
    const value = hostileValue(NAMES);
    const bodies = fc.oneof(
      value,
      fc.array(value, { maxLength: 5 }),
      fc.record({
        retCode: fc.constant(0),
        time: fc.nat(),
        result: fc.record({ list: fc.array(value, { maxLength: 5 }) }),
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...requests), bodies, (request, body) => {
        try {
          expectHarmless(() => request.parse(body));
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
        }
      }),
      { numRuns: 1000 },
    );
  },
  30_000,
);

it.each([venues.binance, venues.bybit].map((venue) => ({ venue, name: venue.id })))(
  'the refusal of $name reads any answer without an error, and never returns an invalid retry delay',
  ({ venue }) => {
    const headers = fc.dictionary(
      fc.constantFrom('retry-after', 'x-bapi-limit-reset-timestamp', 'content-type', '__proto__'),
      fc.string(),
    );
    const bodies = fc.oneof(fc.string(), hostileText(['code', 'msg', 'retCode', 'retMsg']));
    fc.assert(
      fc.property(fc.nat(999), headers, bodies, (status, given, body) => {
        const { retry } = expectHarmless(() => venue.refusal(status, given, body));
        if (retry.kind === 'after') expect(Number.isFinite(retry.afterMs) && retry.afterMs >= 0).toBe(true);
      }),
    );
  },
);
