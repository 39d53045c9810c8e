import type { KlineInterval, VenueId } from '../../../domain/instrument.ts';
import type { Kline } from '../../../domain/record.ts';
import { addIntervals } from '../../../market/candles/kline-interval.ts';
import type { PastOrigin, PastPage, PastSeries, PlacedRecord, RestRequest, VenueHistory } from '../../contract.ts';
import { readArray, readCount, readEach, readObject, readTime } from '../../decode/fields.ts';
import { pastFields, pastKline } from '../../rest/past-records.ts';
import { aggTradeRow, tradeRow } from './backfill.ts';

const PAGE = 1000;

/** The places that speak Binance's protocol differ in these points only. */
export interface HistoryVariant {
  readonly id: VenueId;
  readonly intervals: readonly KlineInterval[];
  /** False where the past by trade id wants a key. */
  readonly tradesById: boolean;
  readonly weights: { readonly aggTrades: number; readonly klines: number };
}

/** The past as Binance tells it: trades and aggregated trades by id, candles by open time. */
export function binanceHistory({ id, intervals, tradesById, weights }: HistoryVariant): VenueHistory {
  return {
    trades: tradesById ? (of) => trades(id, of, weights.aggTrades) : undefined,
    aggTrades: (of) => aggTrades(id, of, weights.aggTrades),
    klines: (of, interval) => klines(id, of, interval, weights.klines),
    intervals,
    recentTrades: 0,
    whyNoTrades: tradesById ? '' : 'its past by trade id needs an API key; agg_trades needs none',
  };
}

/** By trade id. The id of a time is the first one of the first aggregated trade from then on: those can be asked for by time. */
function trades(venue: VenueId, of: PastOrigin, aggTradesWeight: number): PastSeries {
  const read = tradeRow(venue);
  const symbol = symbolOf(of);
  const row = (value: unknown): PlacedRecord => {
    const record = read(readObject(value, ''), of);
    return { place: Number(record.tradeId), record };
  };
  return {
    contiguous: true,
    latest: {
      path: `/api/v3/trades?${symbol}&limit=1`,
      weight: 25,
      parse: (body) => readEach(body, '', row).at(-1)?.place,
    },
    firstFrom: (timeMs) => ({
      path: `/api/v3/aggTrades?${symbol}&startTime=${timeMs}&limit=1`,
      weight: aggTradesWeight,
      parse: (body) => readEach(body, '', firstTradeId)[0],
    }),
    step: stepById,
    page: (from, to) => ({
      path: `/api/v3/historicalTrades?${symbol}&fromId=${from}&limit=${pageSize(from, to)}`,
      weight: 25,
      parse: (body) => pageById(readEach(body, '', row), from, to),
    }),
    placeOf: (record) => (record.kind === 'trade' ? Number(record.tradeId) : Number.NaN),
  };
}

/** By the aggregated trades' own ids, which the records do not have: the place of one is looked up by its time. */
function aggTrades(venue: VenueId, of: PastOrigin, weight: number): PastSeries {
  const read = aggTradeRow(venue);
  const symbol = symbolOf(of);
  const row = (value: unknown): PlacedRecord => ({
    place: aggregateId(value),
    record: read(readObject(value, ''), of),
  });
  const ask = <T>(query: string, parse: (body: unknown) => T): RestRequest<T> => ({
    path: `/api/v3/aggTrades?${symbol}&${query}`,
    weight,
    parse,
  });
  return {
    contiguous: true,
    latest: ask('limit=1', (body) => readEach(body, '', aggregateId).at(-1)),
    firstFrom: (timeMs) => ask(`startTime=${timeMs}&limit=1`, (body) => readEach(body, '', aggregateId)[0]),
    step: stepById,
    page: (from, to) =>
      ask(`fromId=${from}&limit=${pageSize(from, to)}`, (body) => pageById(readEach(body, '', row), from, to)),
    placeOf: (known) =>
      ask(`startTime=${known.timestamp}&limit=${PAGE}`, (body) => {
        const same = ({ record }: PlacedRecord) =>
          record.kind === 'agg_trade' && known.kind === 'agg_trade' && record.tradeId === known.tradeId;
        return readEach(body, '', row).find(same)?.place;
      }),
  };
}

function klines(venue: VenueId, of: PastOrigin, interval: KlineInterval, weight: number): PastSeries {
  const ask = <T>(query: string, parse: (body: unknown) => T): RestRequest<T> => ({
    path: `/api/v3/klines?${symbolOf(of)}&interval=${interval}&${query}`,
    weight,
    parse,
  });
  return {
    contiguous: false,
    latest: ask('limit=1', (body) => readEach(body, '', openTimeOf).at(-1)),
    firstFrom: (timeMs) => ask(`startTime=${timeMs}&limit=1`, (body) => readEach(body, '', openTimeOf)[0]),
    step: (place, records) => addIntervals(place, interval, records),
    page: (from, to, nowMs) =>
      ask(`startTime=${from}&endTime=${to}&limit=${PAGE}`, (body) => {
        const rows = readEach(body, '', (row) => {
          const record = readKline(row, venue, of, interval, nowMs);
          return { place: record.openTime, record };
        });
        return { rows, next: rows.length < PAGE ? to + 1 : (rows.at(-1)?.place ?? to) + 1 };
      }),
    placeOf: (record) => (record.kind === 'kline' ? record.openTime : Number.NaN),
  };
}

/** Behind the volume: close time, quote volume, number of trades, … */
function readKline(value: unknown, venue: VenueId, of: PastOrigin, interval: KlineInterval, nowMs: number): Kline {
  const row = readArray(value, '');
  const openTime = readTime(row[0], '0');
  const closeTime = readTime(row[6], '6');
  const tradeCount = readCount(row[8], '8');
  return pastKline(row, pastFields(venue, of), { interval, openTime, closeTime, quoteVolumeAt: 7, tradeCount, nowMs });
}

function pageById(rows: readonly PlacedRecord[], from: number, to: number): PastPage {
  return { rows: rows.filter(({ place }) => place <= to), next: (rows.at(-1)?.place ?? from - 1) + 1 };
}

const stepById = (place: number, records: number): number => place + records;

const pageSize = (from: number, to: number): number => Math.max(1, Math.min(PAGE, to - from + 1));

const symbolOf = ({ instrument }: PastOrigin): string => `symbol=${encodeURIComponent(instrument.venueSymbol)}`;

const aggregateId = (row: unknown): number => readCount(readObject(row, '').a, 'a');

const firstTradeId = (row: unknown): number => readCount(readObject(row, '').f, 'f');

const openTimeOf = (row: unknown): number => readTime(readArray(row, '')[0], '0');
