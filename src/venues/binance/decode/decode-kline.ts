import type { Instrument } from '../../../domain/instrument.ts';
import type { Kline } from '../../../domain/record.ts';
import type { Origin } from '../../decode/decoding.ts';
import {
  malformed,
  readBoolean,
  readCount,
  readNotNegative,
  readPositive,
  readTime,
  type Unchecked,
} from '../../decode/fields.ts';
import type { BinanceKline, BinanceKlineFrame } from './wire.ts';

/** The candle `k` of a kline frame, whose interval and symbol have to be those of the frame. */
export function readKline(
  frame: Unchecked<BinanceKlineFrame>,
  k: Unchecked<BinanceKline>,
  interval: string,
  origin: Origin,
  instrument: Instrument,
  receivedAt: number,
): Kline {
  if (k.i !== interval) throw malformed('k.i', `is ${JSON.stringify(k.i)}, not the stream's ${interval}`);
  if (k.s !== frame.s) throw malformed('k.s', `is ${JSON.stringify(k.s)}, not the frame's ${JSON.stringify(frame.s)}`);
  const openTime = readTime(k.t, 'k.t');
  const closeTime = readTime(k.T, 'k.T');
  if (closeTime <= openTime) throw malformed('k.T', `is ${closeTime}, not after the open time ${openTime}`);
  return {
    kind: 'kline',
    venue: origin.venue,
    symbol: instrument.symbol,
    venueSymbol: instrument.venueSymbol,
    coin: instrument.coin,
    environment: origin.environment,
    epoch: 0,
    receivedAt,
    interval,
    timestamp: readTime(frame.E, 'E'),
    openTime,
    closeTime,
    open: readPositive(k.o, 'k.o'),
    high: readPositive(k.h, 'k.h'),
    low: readPositive(k.l, 'k.l'),
    close: readPositive(k.c, 'k.c'),
    volume: readNotNegative(k.v, 'k.v'),
    quoteVolume: readNotNegative(k.q, 'k.q'),
    tradeCount: readCount(k.n, 'k.n'),
    closed: readBoolean(k.x, 'k.x'),
  };
}
