import type { MarketFields, TradeEvent } from '../../../domain/record.ts';
import type { PastOrigin, RestRequest } from '../../contract.ts';
import { readBoolean, readEach, readObject, readPositive, readTextId, type Unchecked } from '../../decode/fields.ts';
import { pastFields, pastTrade } from '../../rest/past-records.ts';
import { conditionsOf, requireSymbol, takerSold } from '../decode/read-events.ts';
import { readResult, readTextTime } from './rest.ts';

/** As many as spot gives, whatever is asked for. */
const MOST = 60;

/** The last trades of a spot instrument, newest first: all that the venue has of the past. */
export function recentTrades(of: PastOrigin): RestRequest<readonly TradeEvent[]> {
  const symbol = encodeURIComponent(of.instrument.venueSymbol);
  return {
    path: `/v5/market/recent-trade?category=spot&symbol=${symbol}&limit=${MOST}`,
    weight: 1,
    parse: (body) =>
      readEach(readResult(body).list, 'result.list', (row) =>
        readRecentTrade(readObject(row, ''), pastFields('bybit', of)),
      ),
  };
}

/** isRPITrade is absent in bodies from before 2025. */
function readRecentTrade(row: Unchecked, from: MarketFields): TradeEvent {
  requireSymbol(row.symbol, 'symbol', from.venueSymbol);
  const isRpi = row.isRPITrade !== undefined && readBoolean(row.isRPITrade, 'isRPITrade');
  return pastTrade(from, {
    price: readPositive(row.price, 'price'),
    quantity: readPositive(row.size, 'size'),
    isBuyerMaker: takerSold(row.side, 'side'),
    timestamp: readTextTime(row.time, 'time'),
    tradeId: readTextId(row.execId, 'execId'),
    lastTradeId: null,
    conditions: conditionsOf(readBoolean(row.isBlockTrade, 'isBlockTrade'), isRpi),
  });
}
