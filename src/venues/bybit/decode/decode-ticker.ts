import { canonicalDecimal, type Decimal } from '../../../domain/decimal.ts';
import type { Instrument } from '../../../domain/instrument.ts';
import type { Ticker } from '../../../domain/market-event.ts';
import type { Origin } from '../../decode/decoding.ts';
import { malformed, readDecimal, readNotNegative, readPositive, type Unchecked } from '../../decode/fields.ts';
import { requireSymbol } from './require-symbol.ts';
import type { BybitTicker } from './wire.ts';

export function readTicker(
  ticker: Unchecked<BybitTicker>,
  publishedAt: number,
  origin: Origin,
  instrument: Instrument,
  receivedAt: number,
): Ticker {
  requireSymbol(ticker.symbol, 'data.symbol', instrument);
  return {
    kind: 'ticker',
    venue: origin.venue,
    symbol: instrument.symbol,
    venueSymbol: instrument.venueSymbol,
    coin: instrument.coin,
    environment: origin.environment,
    epoch: 0,
    receivedAt,
    price: readPositive(ticker.lastPrice, 'data.lastPrice'),
    timestamp: publishedAt,
    volume24h: ticker.volume24h === '' ? null : readNotNegative(ticker.volume24h, 'data.volume24h'),
    quoteVolume24h: ticker.turnover24h === '' ? null : readNotNegative(ticker.turnover24h, 'data.turnover24h'),
    change24h: ticker.price24hPcnt === '' ? null : percent(readDecimal(ticker.price24hPcnt, 'data.price24hPcnt')),
  };
}

/** A fraction in percent, exactly. */
function percent(fraction: Decimal): Decimal {
  const decimal = canonicalDecimal(`${fraction}e2`);
  if (decimal === undefined) throw malformed('data.price24hPcnt', `is ${fraction}, too large for a percentage`);
  return decimal;
}
