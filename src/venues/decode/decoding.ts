import { asFault, Fault } from '../../domain/fault.ts';
import type { Instrument, VenueId } from '../../domain/instrument.ts';
import type { DataWarning, MarketEvent } from '../../domain/market-event.ts';
import type { Environment, TradeEvent } from '../../domain/record.ts';
import type { RawFrame } from '../../domain/venue-event.ts';
import type { Decoded, Decoder } from '../contract.ts';

/** What every event of a connection's frame says of its origin. */
export interface Origin {
  readonly venue: VenueId;
  readonly environment: Environment;
}

/** What a frame says of a trade. */
export type ToldTrade = Pick<
  TradeEvent,
  'price' | 'quantity' | 'isBuyerMaker' | 'timestamp' | 'eventTime' | 'tradeId' | 'conditions'
>;

/** A trade as it comes from a socket. */
export function liveTrade(origin: Origin, instrument: Instrument, receivedAt: number, told: ToldTrade): TradeEvent {
  return {
    kind: 'trade',
    venue: origin.venue,
    symbol: instrument.symbol,
    venueSymbol: instrument.venueSymbol,
    coin: instrument.coin,
    environment: origin.environment,
    epoch: 0,
    receivedAt,
    price: told.price,
    quantity: told.quantity,
    isBuyerMaker: told.isBuyerMaker,
    timestamp: told.timestamp,
    eventTime: told.eventTime,
    tradeId: told.tradeId,
    lastTradeId: null,
    conditions: told.conditions,
    source: 'live',
  };
}

export type ReadFrame = (frame: RawFrame) => Decoded;

/** A decoder that never throws: what `read` throws becomes `malformed`. */
export function safely(read: ReadFrame): Decoder {
  return (frame) => {
    try {
      return read(frame);
    } catch (error) {
      return malformedFrame(error);
    }
  };
}

/** What was thrown while a frame was read, as the frame's meaning. `symbol`: canonical, where the frame had told it before. */
export function malformedFrame(error: unknown, symbol?: string): Decoded {
  const fault =
    error instanceof Fault
      ? error
      : new Fault('malformed', `frame cannot be read: ${asFault(error).message}`, {
          retry: { kind: 'never' },
          cause: error,
        });
  return symbol === undefined ? { kind: 'malformed', fault } : { kind: 'malformed', fault, symbol };
}

/** The market data of a frame of one symbol. */
export function marketFrame(
  { symbol }: Instrument,
  receivedAt: number,
  events: readonly MarketEvent[],
  warning?: DataWarning,
): Decoded {
  return warning === undefined
    ? { kind: 'value', key: symbol, at: receivedAt, value: events }
    : { kind: 'value', key: symbol, at: receivedAt, value: events, warning };
}

export function ignored(reason: string): Decoded {
  return { kind: 'ignored', reason };
}
