import type { Instrument } from '../../../domain/instrument.ts';
import type { Environment, TradeEvent } from '../../../domain/record.ts';
import type { RestRequest } from '../../contract.ts';
import {
  malformed,
  readArray,
  readBoolean,
  readObject,
  readPositive,
  readTextId,
  type Unchecked,
  within,
} from '../../decode/fields.ts';
import { conditionsOf, takerSold } from '../decode/decode-trades.ts';
import { requireSymbol } from '../decode/require-symbol.ts';
import type { BybitRecentTrade, BybitRecentTrades } from '../decode/wire.ts';
import { readResult } from './rest.ts';

/** As many as spot gives, whatever is asked for. */
const MOST = 60;

/** The last trades of a spot instrument, newest first: all that the venue tells of the past. */
export function recentTrades(
  instrument: Instrument,
  environment: Environment,
  receivedAt: () => number,
): RestRequest<readonly TradeEvent[]> {
  const symbol = encodeURIComponent(instrument.venueSymbol);
  return {
    path: `/v5/market/recent-trade?category=spot&symbol=${symbol}&limit=${MOST}`,
    weight: 1,
    parse(body) {
      const { list } = readResult<BybitRecentTrades>(body);
      return readArray(list, 'result.list').map((row, index) => {
        try {
          return readRecentTrade(readObject<BybitRecentTrade>(row, ''), instrument, environment, receivedAt());
        } catch (error) {
          throw within(`result.list[${index}]`, error);
        }
      });
    },
  };
}

function readRecentTrade(
  row: Unchecked<BybitRecentTrade>,
  instrument: Instrument,
  environment: Environment,
  receivedAt: number,
): TradeEvent {
  requireSymbol(row.symbol, 'symbol', instrument);
  return {
    kind: 'trade',
    venue: 'bybit',
    symbol: instrument.symbol,
    venueSymbol: instrument.venueSymbol,
    coin: instrument.coin,
    environment,
    epoch: 0,
    receivedAt,
    price: readPositive(row.price, 'price'),
    quantity: readPositive(row.size, 'size'),
    isBuyerMaker: takerSold(row.side, 'side'),
    timestamp: readTextTime(row.time, 'time'),
    eventTime: null,
    tradeId: readTextId(row.execId, 'execId'),
    lastTradeId: null,
    conditions: conditionsOf(
      readBoolean(row.isBlockTrade, 'isBlockTrade'),
      row.isRPITrade !== undefined && readBoolean(row.isRPITrade, 'isRPITrade'),
    ),
    source: 'backfill',
  };
}

/** Milliseconds as text. */
function readTextTime(value: unknown, field: string): number {
  const text = readTextId(value, field);
  if (text.length !== 13) throw malformed(field, `is ${text}, not milliseconds since 1970`);
  return Number(text);
}
