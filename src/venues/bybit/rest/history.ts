import { KLINE_INTERVALS, type KlineInterval } from '../../../domain/instrument.ts';
import type { Kline } from '../../../domain/record.ts';
import { addIntervals, openTimeOf } from '../../../market/candles/kline-interval.ts';
import type { PageRows, PastOrigin, PastSeries, RestRequest, VenueHistory } from '../../contract.ts';
import { readArray, readableRows, readPage } from '../../decode/fields.ts';
import { pastFields, pastKline } from '../../rest/past-records.ts';
import { INTERVAL_NAMES } from '../decode/topic.ts';
import { readResult, readTextTime } from './rest.ts';

const PAGE = 1000;

/** Bybit's past data: all candles, but only the last 60 trades. */
export const bybitHistory: VenueHistory = {
  klines,
  intervals: KLINE_INTERVALS.filter((interval) => INTERVAL_NAMES[interval] !== undefined),
  recentTrades: 60,
  whyNoTrades: 'its REST interface returns only the last 60 trades of a spot symbol',
};

/**
 * Requests candles. The requested span must fit one answer, because Bybit leaves out the oldest candles of a longer
 * span. Answers for times before a listing are empty.
 */
function klines(origin: PastOrigin, interval: KlineInterval): PastSeries {
  const readRow = (row: unknown, nowMs: number) => {
    const record = readKline(row, origin, interval, nowMs);
    return { place: record.openTime, record };
  };
  return {
    contiguous: false,
    latest: ask(origin, interval, 'limit=1', openTimeOfRow, (rows) => rows[0]),
    firstFrom: (timeMs) =>
      ask(origin, '1M', `start=${openTimeOf('1M', timeMs)}&limit=${PAGE}`, openTimeOfRow, (months) => {
        const first = months.at(-1) ?? timeMs;
        return months.length === 0 ? undefined : opensFrom(Math.max(timeMs, first), interval);
      }),
    step: (place, records) => addIntervals(place, interval, records),
    page(from, to, nowMs) {
      const end = Math.min(to, addIntervals(opensFrom(from, interval), interval, PAGE - 1));
      const query = `start=${from}&end=${end}&limit=${PAGE}`;
      const row = (value: unknown) => readRow(value, nowMs);
      return ask(origin, interval, query, row, (rows) => ({ rows: readableRows(rows).toReversed(), next: end + 1 }));
    },
    placeOf: (record) => (record.kind === 'kline' ? record.openTime : Number.NaN),
  };
}

function ask<R, T>(
  { instrument }: PastOrigin,
  interval: KlineInterval,
  query: string,
  row: (value: unknown) => R,
  parse: (rows: PageRows<R>) => T,
): RestRequest<T> {
  const symbol = encodeURIComponent(instrument.venueSymbol);
  return {
    path: `/v5/market/kline?category=spot&symbol=${symbol}&interval=${INTERVAL_NAMES[interval] ?? ''}&${query}`,
    weight: 1,
    parse: (body, onBadRow) => parse(readPage(readResult(body).list, 'result.list', row, onBadRow)),
  };
}

/** Reads a candle: all fields are text, the turnover follows the volume; number of trades and takers' volumes are absent. */
function readKline(value: unknown, origin: PastOrigin, interval: KlineInterval, nowMs: number): Kline {
  const openTime = openTimeOfRow(value);
  const closeTime = addIntervals(openTime, interval, 1) - 1;
  return pastKline(value, pastFields('bybit', origin), {
    interval,
    openTime,
    closeTime,
    quoteVolumeAt: 6,
    tradeCount: null,
    takerBuyVolume: null,
    takerBuyQuoteVolume: null,
    nowMs,
  });
}

/** Returns the first open time at or after a time. */
function opensFrom(timeMs: number, interval: KlineInterval): number {
  const open = openTimeOf(interval, timeMs);
  return open < timeMs ? addIntervals(open, interval, 1) : open;
}

function openTimeOfRow(row: unknown): number {
  return readTextTime(readArray(row, '')[0], '0');
}
