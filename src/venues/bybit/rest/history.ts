import { KLINE_INTERVALS, type KlineInterval } from '../../../domain/instrument.ts';
import type { Kline } from '../../../domain/record.ts';
import { addIntervals, openTimeOf } from '../../../market/candles/kline-interval.ts';
import type { PastOrigin, PastSeries, RestRequest, VenueHistory } from '../../contract.ts';
import { readArray, readEach } from '../../decode/fields.ts';
import { pastFields, pastKline } from '../../rest/past-records.ts';
import { INTERVAL_NAMES } from '../decode/topic.ts';
import { readResult, readTextTime } from './rest.ts';

const PAGE = 1000;

/** Bybit's past: candles, and only the last trades. */
export const bybitHistory: VenueHistory = {
  klines,
  intervals: KLINE_INTERVALS.filter((interval) => INTERVAL_NAMES[interval] !== undefined),
  recentTrades: 60,
  whyNoTrades: 'its REST interface returns only the last 60 trades of a spot symbol',
};

/** A request must fit one answer, which drops the oldest candles. Answers before a listing are empty. */
function klines(origin: PastOrigin, interval: KlineInterval): PastSeries {
  const readRow = (row: unknown, nowMs: number) => {
    const record = readKline(row, origin, interval, nowMs);
    return { place: record.openTime, record };
  };
  return {
    contiguous: false,
    latest: ask(origin, interval, 'limit=1', (rows) => rows.map(openTimeOfRow)[0]),
    firstFrom: (timeMs) =>
      ask(origin, '1M', `start=${openTimeOf('1M', timeMs)}&limit=${PAGE}`, (rows) => {
        const month = rows.map(openTimeOfRow).at(-1);
        return month === undefined ? undefined : opensFrom(Math.max(timeMs, month), interval);
      }),
    step: (place, records) => addIntervals(place, interval, records),
    page(from, to, nowMs) {
      const end = Math.min(to, addIntervals(opensFrom(from, interval), interval, PAGE - 1));
      return ask(origin, interval, `start=${from}&end=${end}&limit=${PAGE}`, (rows) => ({
        rows: readEach(rows, 'result.list', (row) => readRow(row, nowMs)).toReversed(),
        next: end + 1,
      }));
    },
    placeOf: (record) => (record.kind === 'kline' ? record.openTime : Number.NaN),
  };
}

function ask<T>(
  { instrument }: PastOrigin,
  interval: KlineInterval,
  query: string,
  parse: (rows: readonly unknown[]) => T,
): RestRequest<T> {
  const symbol = encodeURIComponent(instrument.venueSymbol);
  return {
    path: `/v5/market/kline?category=spot&symbol=${symbol}&interval=${INTERVAL_NAMES[interval] ?? ''}&${query}`,
    weight: 1,
    parse: (body) => parse(readArray(readResult(body).list, 'result.list')),
  };
}

/** Reads a candle: all fields are text, the turnover follows the volume, and there is no number of trades. */
function readKline(value: unknown, origin: PastOrigin, interval: KlineInterval, nowMs: number): Kline {
  const openTime = openTimeOfRow(value);
  const closeTime = addIntervals(openTime, interval, 1) - 1;
  const candle = { interval, openTime, closeTime, quoteVolumeAt: 6, tradeCount: null, nowMs };
  return pastKline(value, pastFields('bybit', origin), candle);
}

/** The first open time at or after a time. */
function opensFrom(timeMs: number, interval: KlineInterval): number {
  const open = openTimeOf(interval, timeMs);
  return open < timeMs ? addIntervals(open, interval, 1) : open;
}

function openTimeOfRow(row: unknown): number {
  return readTextTime(readArray(row, '')[0], '0');
}
