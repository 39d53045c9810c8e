import type { KlineInterval, VenueId } from '../../../domain/instrument.ts';
import type { Kline } from '../../../domain/record.ts';
import { addIntervals } from '../../../market/candles/kline-interval.ts';
import type { PageRows, PastOrigin, PastPage, PastSeries, PlacedRecord, VenueHistory } from '../../contract.ts';
import { readArray, readableRows, readCount, readNotNegative, readObject, readTime } from '../../decode/fields.ts';
import { pastFields, pastKline } from '../../rest/past-records.ts';
import { aggTradeRow, tradeRow } from './backfill.ts';
import { askRows as ask, symbolQuery } from './rest.ts';

const PAGE = 1000;

/** Differences between the venues with Binance's protocol. */
export interface HistoryVariant extends Pick<VenueHistory, 'intervals'> {
  readonly tradesById: boolean;
  readonly weights: { readonly aggTrades: number; readonly klines: number };
}

/** Binance's past data: trades and aggregated trades by id, candles by open time. */
export function binanceHistory(id: VenueId, { intervals, tradesById, weights }: HistoryVariant): VenueHistory {
  return {
    trades: tradesById ? (origin) => trades(id, origin, weights.aggTrades) : undefined,
    aggTrades: (origin) => aggTrades(id, origin, weights.aggTrades),
    klines: (origin, interval) => klines(id, origin, interval, weights.klines),
    intervals,
    recentTrades: 0,
    whyNoTrades: tradesById ? '' : 'trades by id need an API key; agg_trades needs none',
  };
}

/** Requests trades by id. The id for a time comes from the first aggregated trade at or after that time. */
function trades(venue: VenueId, origin: PastOrigin, aggTradesWeight: number): PastSeries {
  const read = tradeRow(venue);
  const symbol = symbolQuery(origin);
  const row = (value: unknown): PlacedRecord => {
    const record = read(value, origin);
    return { place: Number(record.tradeId), record };
  };
  return {
    contiguous: true,
    latest: ask(`trades?${symbol}&limit=1`, 25, row, (rows) => rows.at(-1)?.place),
    firstFrom: (timeMs) => ask(`aggTrades?${symbol}&startTime=${timeMs}&limit=1`, aggTradesWeight, firstTradeId, first),
    step: stepById,
    page: (from, to) =>
      ask(`historicalTrades?${symbol}&fromId=${from}&limit=${pageSize(from, to)}`, 25, row, pageById(from, to)),
    placeOf: (record) => (record.kind === 'trade' ? Number(record.tradeId) : Number.NaN),
  };
}

/** Requests aggregated trades by their own ids. Records lack these ids, so a record's place is found by its time. */
function aggTrades(venue: VenueId, origin: PastOrigin, weight: number): PastSeries {
  const read = aggTradeRow(venue);
  const query = `aggTrades?${symbolQuery(origin)}`;
  const row = (value: unknown): PlacedRecord => ({ place: aggregateId(value), record: read(value, origin) });
  return {
    contiguous: true,
    latest: ask(`${query}&limit=1`, weight, aggregateId, last),
    firstFrom: (timeMs) => ask(`${query}&startTime=${timeMs}&limit=1`, weight, aggregateId, first),
    step: stepById,
    page: (from, to) => ask(`${query}&fromId=${from}&limit=${pageSize(from, to)}`, weight, row, pageById(from, to)),
    placeOf: (known) =>
      ask(`${query}&startTime=${known.timestamp}&limit=${PAGE}`, weight, row, (rows) => {
        const same = ({ record }: PlacedRecord) =>
          record.kind === 'agg_trade' && known.kind === 'agg_trade' && record.tradeId === known.tradeId;
        return readableRows(rows).find(same)?.place;
      }),
  };
}

function klines(venue: VenueId, origin: PastOrigin, interval: KlineInterval, weight: number): PastSeries {
  const query = `klines?${symbolQuery(origin)}&interval=${interval}`;
  const rowAt = (nowMs: number) => (value: unknown) => {
    const record = readKline(value, venue, origin, interval, nowMs);
    return { place: record.openTime, record };
  };
  const step = (place: number, records: number): number => addIntervals(place, interval, records);
  return {
    contiguous: false,
    latest: ask(`${query}&limit=1`, weight, openTimeOf, last),
    firstFrom: (timeMs) => ask(`${query}&startTime=${timeMs}&limit=1`, weight, openTimeOf, first),
    step,
    page: (from, to, nowMs) =>
      ask(`${query}&startTime=${from}&endTime=${to}&limit=${PAGE}`, weight, rowAt(nowMs), (rows) => ({
        rows: readableRows(rows),
        next: (rows.length < PAGE ? to : (lastPlace(rows, step) ?? to)) + 1,
      })),
    placeOf: (record) => (record.kind === 'kline' ? record.openTime : Number.NaN),
  };
}

/** Reads a candle. In its row, close time, quote volume, number of trades and the takers' volumes follow the volume. */
function readKline(value: unknown, venue: VenueId, origin: PastOrigin, interval: KlineInterval, nowMs: number): Kline {
  const row = readArray(value, '');
  const openTime = readTime(row[0], '0');
  const closeTime = readTime(row[6], '6');
  return pastKline(row, pastFields(venue, origin), {
    interval,
    openTime,
    closeTime,
    quoteVolumeAt: 7,
    tradeCount: readCount(row[8], '8'),
    takerBuyVolume: readNotNegative(row[9], '9'),
    takerBuyQuoteVolume: readNotNegative(row[10], '10'),
    nowMs,
  });
}

const pageById =
  (from: number, to: number) =>
  (rows: PageRows<PlacedRecord>): PastPage => ({
    rows: readableRows(rows).filter(({ place }) => place <= to),
    next: (lastPlace(rows, stepById) ?? from - 1) + 1,
  });

/** Returns the place of the last row. An unreadable row counts as one step after the row before it. */
function lastPlace(rows: PageRows<PlacedRecord>, step: PastSeries['step']): number | undefined {
  const at = rows.findLastIndex((row) => row !== undefined);
  const row = rows[at];
  return row && step(row.place, rows.length - 1 - at);
}

const first = <T>(rows: PageRows<T>): T | undefined => rows[0];

const last = <T>(rows: PageRows<T>): T | undefined => rows.at(-1);

const stepById = (place: number, records: number): number => place + records;

const pageSize = (from: number, to: number): number => Math.max(1, Math.min(PAGE, to - from + 1));

const aggregateId = (row: unknown): number => readCount(readObject(row, '').a, 'a');

const firstTradeId = (row: unknown): number => readCount(readObject(row, '').f, 'f');

const openTimeOf = (row: unknown): number => readTime(readArray(row, '')[0], '0');
