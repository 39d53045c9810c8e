import type { Instrument } from '../../../domain/instrument.ts';
import type { AggTrade, TradeEvent } from '../../../domain/record.ts';
import { liveTrade, type Origin } from '../../decode/decoding.ts';
import { malformed, readBoolean, readNumericId, readPositive, readTime, type Unchecked } from '../../decode/fields.ts';
import type { BinanceAggTradeFrame, BinanceTradeFrame } from './wire.ts';

export const NO_CONDITIONS: readonly string[] = [];
const AGGREGATED: readonly string[] = ['aggregated'];

export function readTrade(
  frame: Unchecked<BinanceTradeFrame>,
  origin: Origin,
  instrument: Instrument,
  receivedAt: number,
): TradeEvent {
  return liveTrade(origin, instrument, receivedAt, {
    price: readPositive(frame.p, 'p'),
    quantity: readPositive(frame.q, 'q'),
    isBuyerMaker: readBoolean(frame.m, 'm'),
    timestamp: readTime(frame.T, 'T'),
    eventTime: readTime(frame.E, 'E'),
    tradeId: readNumericId(frame.t, 't'),
    conditions: NO_CONDITIONS,
  });
}

export function readAggTrade(
  frame: Unchecked<BinanceAggTradeFrame>,
  origin: Origin,
  instrument: Instrument,
  receivedAt: number,
): AggTrade {
  const firstTradeId = readNumericId(frame.f, 'f');
  const lastTradeId = readNumericId(frame.l, 'l');
  if (Number(firstTradeId) > Number(lastTradeId))
    throw malformed('l', `is ${lastTradeId}, before the first id ${firstTradeId}`);
  return {
    kind: 'agg_trade',
    venue: origin.venue,
    symbol: instrument.symbol,
    venueSymbol: instrument.venueSymbol,
    coin: instrument.coin,
    environment: origin.environment,
    epoch: 0,
    receivedAt,
    price: readPositive(frame.p, 'p'),
    quantity: readPositive(frame.q, 'q'),
    isBuyerMaker: readBoolean(frame.m, 'm'),
    timestamp: readTime(frame.T, 'T'),
    eventTime: readTime(frame.E, 'E'),
    tradeId: firstTradeId,
    firstTradeId,
    lastTradeId,
    conditions: AGGREGATED,
    source: 'live',
  };
}
