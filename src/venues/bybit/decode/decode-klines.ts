import type { Instrument } from '../../../domain/instrument.ts';
import type { Kline } from '../../../domain/record.ts';
import type { Origin } from '../../decode/decoding.ts';
import {
  malformed,
  readBoolean,
  readNotNegative,
  readObject,
  readPositive,
  readTime,
  type Unchecked,
  within,
} from '../../decode/fields.ts';
import type { BybitTopic } from './topic.ts';
import type { BybitKline } from './wire.ts';

/**
 * The candles of a message, in its order. Bybit counts no trades. `publishedAt`, the message's time, dates them: a candle's
 * own `timestamp` is that of its last trade, the same for the open candle and, where nothing more traded, the closed one.
 */
export function readKlines(
  data: readonly unknown[],
  publishedAt: number,
  topic: BybitTopic,
  origin: Origin,
  instrument: Instrument,
  receivedAt: number,
): readonly Kline[] {
  if (data.length === 0) throw malformed('data', 'has no candle');
  return data.map((item, index) => {
    try {
      return readKline(readObject<BybitKline>(item, ''), publishedAt, topic, origin, instrument, receivedAt);
    } catch (error) {
      throw within(`data[${index}]`, error);
    }
  });
}

function readKline(
  kline: Unchecked<BybitKline>,
  publishedAt: number,
  topic: BybitTopic,
  origin: Origin,
  instrument: Instrument,
  receivedAt: number,
): Kline {
  if (kline.interval !== topic.venueInterval) {
    throw malformed('interval', `is ${JSON.stringify(kline.interval)}, not the topic's ${topic.venueInterval}`);
  }
  const openTime = readTime(kline.start, 'start');
  const closeTime = readTime(kline.end, 'end');
  if (closeTime <= openTime) throw malformed('end', `is ${closeTime}, not after the start ${openTime}`);
  return {
    kind: 'kline',
    venue: origin.venue,
    symbol: instrument.symbol,
    venueSymbol: instrument.venueSymbol,
    coin: instrument.coin,
    environment: origin.environment,
    epoch: 0,
    receivedAt,
    interval: topic.interval,
    timestamp: publishedAt,
    openTime,
    closeTime,
    open: readPositive(kline.open, 'open'),
    high: readPositive(kline.high, 'high'),
    low: readPositive(kline.low, 'low'),
    close: readPositive(kline.close, 'close'),
    volume: readNotNegative(kline.volume, 'volume'),
    quoteVolume: readNotNegative(kline.turnover, 'turnover'),
    tradeCount: null,
    closed: readBoolean(kline.confirm, 'confirm'),
  };
}
