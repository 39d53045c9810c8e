import type { Instrument } from '../../../domain/instrument.ts';
import type { Ticker } from '../../../domain/market-event.ts';
import type { Origin } from '../../decode/decoding.ts';
import { readDecimal, readNotNegative, readPositive, readTime, type Unchecked } from '../../decode/fields.ts';
import type { BinanceTickerFrame } from './wire.ts';

/** A 24-hour ticker; the mini ticker sends no change, so it has none. */
export function readTicker(
  frame: Unchecked<BinanceTickerFrame>,
  origin: Origin,
  instrument: Instrument,
  receivedAt: number,
): Ticker {
  return {
    kind: 'ticker',
    venue: origin.venue,
    symbol: instrument.symbol,
    venueSymbol: instrument.venueSymbol,
    coin: instrument.coin,
    environment: origin.environment,
    epoch: 0,
    receivedAt,
    price: readPositive(frame.c, 'c'),
    timestamp: readTime(frame.E, 'E'),
    volume24h: readNotNegative(frame.v, 'v'),
    quoteVolume24h: readNotNegative(frame.q, 'q'),
    change24h: frame.e === '24hrMiniTicker' ? null : readDecimal(frame.P, 'P'),
  };
}
