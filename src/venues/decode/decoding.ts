import { asFault, Fault } from '../../domain/fault.ts';
import type { Instrument } from '../../domain/instrument.ts';
import type { DataWarning, MarketEvent } from '../../domain/market-event.ts';
import type { MarketFields, TradeEvent } from '../../domain/record.ts';
import type { RawFrame } from '../../domain/venue-event.ts';
import type { Decoded, Decoder } from '../contract.ts';

const NONE: readonly never[] = [];

export type Origin = Pick<MarketFields, 'venue' | 'environment'>;

/** Returns the fields that all events of one frame or answer share. */
export function marketFields(
  { venue, environment }: Origin,
  { symbol, venueSymbol, coin }: Instrument,
  receivedAt: number,
): MarketFields {
  return { venue, symbol, venueSymbol, coin, environment, epoch: 0, receivedAt };
}

/** Makes a trade from a socket. Fields are listed one by one, because an object spread takes some 200 ns. */
export function liveTrade(
  origin: Origin,
  instrument: Instrument,
  receivedAt: number,
  trade: Omit<TradeEvent, keyof MarketFields | 'kind' | 'lastTradeId' | 'source'>,
): TradeEvent {
  return {
    kind: 'trade',
    venue: origin.venue,
    symbol: instrument.symbol,
    venueSymbol: instrument.venueSymbol,
    coin: instrument.coin,
    environment: origin.environment,
    epoch: 0,
    receivedAt,
    price: trade.price,
    quantity: trade.quantity,
    isBuyerMaker: trade.isBuyerMaker,
    timestamp: trade.timestamp,
    eventTime: trade.eventTime,
    tradeId: trade.tradeId,
    lastTradeId: null,
    conditions: trade.conditions,
    source: 'live',
    timestampUs: trade.timestampUs,
  };
}

/** Makes a decoder that never throws: an error becomes `malformed`. */
export function safely(read: (frame: RawFrame) => Decoded): Decoder {
  return (frame) => {
    try {
      return read(frame);
    } catch (error) {
      return malformedFrame(error);
    }
  };
}

/** Converts an error of a decoder to `malformed`. `symbol` is the canonical symbol, if it is already known. */
export function malformedFrame(error: unknown, symbol?: string): Decoded {
  const reason = `frame cannot be read: ${asFault(error).message}`;
  const fault =
    error instanceof Fault ? error : new Fault('malformed', reason, { retry: { kind: 'never' }, cause: error });
  return symbol === undefined ? { kind: 'malformed', fault } : { kind: 'malformed', fault, symbol };
}

export function marketFrame(
  { symbol, receivedAt }: Pick<MarketFields, 'symbol' | 'receivedAt'>,
  events: readonly MarketEvent[],
  warning?: DataWarning,
): Decoded {
  return warning === undefined
    ? { kind: 'value', key: symbol, at: receivedAt, value: events }
    : { kind: 'value', key: symbol, at: receivedAt, value: events, warning };
}

/**
 * Makes the frame of a market that has not traded: the venue sends its prices as zero. The frame has no event, but shows
 * that the venue delivers.
 */
export function noPriceYet(market: Pick<MarketFields, 'symbol' | 'receivedAt'>): Decoded {
  return marketFrame(market, NONE, 'no_price_yet');
}

export function ignored(reason: string): Decoded {
  return { kind: 'ignored', reason };
}
