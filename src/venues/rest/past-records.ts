import type { KlineInterval, VenueId } from '../../domain/instrument.ts';
import type { Kline, MarketFields, TradeEvent } from '../../domain/record.ts';
import type { PastOrigin } from '../contract.ts';
import { marketFields } from '../decode/decoding.ts';
import { malformed, readArray, readNotNegative, readPositive } from '../decode/fields.ts';

/** Returns the fields that all records of an answer share. */
export function pastFields(venue: VenueId, { instrument, environment, receivedAt }: PastOrigin): MarketFields {
  return marketFields({ venue, environment }, instrument, receivedAt());
}

export function pastTrade(
  market: MarketFields,
  trade: Omit<TradeEvent, keyof MarketFields | 'kind' | 'eventTime' | 'source' | 'timestampUs'>,
): TradeEvent {
  return { kind: 'trade', ...market, ...trade, eventTime: null, source: 'backfill', timestampUs: null };
}

export interface CandleRow extends Pick<Kline, 'takerBuyVolume' | 'takerBuyQuoteVolume' | 'tradeCount'> {
  readonly interval: KlineInterval;
  readonly openTime: number;
  readonly closeTime: number;
  /** Index of the quote volume in the row. */
  readonly quoteVolumeAt: number;
  /** The venue's time of the answer, or later, milliseconds since 1970. */
  readonly nowMs: number;
}

/** Reads a row of values: open time, open, high, low, close, volume, … */
export function pastKline(value: unknown, market: MarketFields, candle: CandleRow): Kline {
  const { interval, openTime, closeTime, quoteVolumeAt, nowMs } = candle;
  const row = readArray(value, '');
  if (closeTime <= openTime) throw malformed('6', `is ${closeTime}, not after the open time ${openTime}`);
  const closed = closeTime < nowMs;
  return {
    kind: 'kline',
    ...market,
    interval,
    // The venue sends no time of publication. A closed candle gets its close time, an open one the time of the answer.
    timestamp: closed ? closeTime : Math.floor(nowMs),
    openTime,
    closeTime,
    open: readPositive(row[1], '1'),
    high: readPositive(row[2], '2'),
    low: readPositive(row[3], '3'),
    close: readPositive(row[4], '4'),
    volume: readNotNegative(row[5], '5'),
    quoteVolume: readNotNegative(row[quoteVolumeAt], String(quoteVolumeAt)),
    takerBuyVolume: candle.takerBuyVolume,
    takerBuyQuoteVolume: candle.takerBuyQuoteVolume,
    tradeCount: candle.tradeCount,
    closed,
  };
}
