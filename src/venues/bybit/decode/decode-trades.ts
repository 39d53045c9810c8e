import type { Instrument } from '../../../domain/instrument.ts';
import type { TradeEvent } from '../../../domain/record.ts';
import { liveTrade, type Origin } from '../../decode/decoding.ts';
import {
  malformed,
  readBoolean,
  readObject,
  readPositive,
  readTextId,
  readTime,
  type Unchecked,
  within,
} from '../../decode/fields.ts';
import { requireSymbol } from './require-symbol.ts';
import type { BybitTrade } from './wire.ts';

const NONE: readonly string[] = [];
const BLOCK: readonly string[] = ['block'];
const RPI: readonly string[] = ['rpi'];
const BLOCK_RPI: readonly string[] = ['block', 'rpi'];

/** The trades of a message, in its order. `publishedAt`: the envelope's time, the event time of each. */
export function readTrades(
  data: readonly unknown[],
  publishedAt: number,
  origin: Origin,
  instrument: Instrument,
  receivedAt: number,
): readonly TradeEvent[] {
  const trades: TradeEvent[] = [];
  let index = 0;
  try {
    for (; index < data.length; index++) {
      trades.push(readTrade(readObject<BybitTrade>(data[index], ''), publishedAt, origin, instrument, receivedAt));
    }
  } catch (error) {
    throw within(`data[${index}]`, error);
  }
  if (index === 0) throw malformed('data', 'has no trade');
  return trades;
}

function readTrade(
  trade: Unchecked<BybitTrade>,
  publishedAt: number,
  origin: Origin,
  instrument: Instrument,
  receivedAt: number,
): TradeEvent {
  requireSymbol(trade.s, 's', instrument);
  return liveTrade(origin, instrument, receivedAt, {
    price: readPositive(trade.p, 'p'),
    quantity: readPositive(trade.v, 'v'),
    isBuyerMaker: takerSold(trade.S, 'S'),
    timestamp: readTime(trade.T, 'T'),
    eventTime: publishedAt,
    tradeId: readTextId(trade.i, 'i'),
    conditions: conditionsOf(readBoolean(trade.BT, 'BT'), trade.RPI !== undefined && readBoolean(trade.RPI, 'RPI')),
  });
}

/** What the side of the taker says. */
export function takerSold(side: unknown, field: string): boolean {
  if (side === 'Sell') return true;
  if (side === 'Buy') return false;
  throw malformed(field, `is ${JSON.stringify(side)}, neither Buy nor Sell`);
}

export function conditionsOf(block: boolean, rpi: boolean): readonly string[] {
  if (block) return rpi ? BLOCK_RPI : BLOCK;
  return rpi ? RPI : NONE;
}
