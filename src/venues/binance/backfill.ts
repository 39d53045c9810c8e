import type { VenueId } from '../../domain/instrument.ts';
import type { TradeEvent } from '../../domain/record.ts';
import type { BackfillRequest, RestRequest } from '../contract.ts';
import {
  malformed,
  readArray,
  readBoolean,
  readNumericId,
  readObject,
  readPositive,
  readTime,
  type Unchecked,
  within,
} from '../fields.ts';
import type { BinanceAggTradeRow, BinanceTradeRow } from './wire.ts';

const PAGE = 1000;
const NONE: readonly string[] = [];
const AGGREGATED: readonly string[] = ['aggregated'];

type ReadRow = (row: unknown, wanted: BackfillRequest) => TradeEvent;

/** The last trades first, for they are fresh at once; then the past by id, which lags a little behind. */
export function backfillById(venue: VenueId) {
  return (wanted: BackfillRequest): RestRequest<readonly TradeEvent[]> => {
    const from = firstMissing(wanted);
    return wanted.attempt === 0
      ? rows(`trades?symbol=${symbolOf(wanted)}&limit=${PAGE}`, 25, wanted, tradeRow(venue))
      : rows(`historicalTrades?symbol=${symbolOf(wanted)}&fromId=${from}&limit=${PAGE}`, 25, wanted, tradeRow(venue));
  };
}

/**
 * Where the past by id wants a key: the last trades, as far as they reach back to where the hole begins, and in turn
 * with them the aggregated ones from its time on. Of these only what lies wholly inside counts, so single trades from
 * its middle would cost the aggregates that they are a part of. No end is named: a span of an hour or more is refused.
 */
export function backfillByTime(venue: VenueId) {
  return (wanted: BackfillRequest): RestRequest<readonly TradeEvent[]> => {
    if (wanted.attempt % 2 === 0) {
      const request = rows(`trades?symbol=${symbolOf(wanted)}&limit=${PAGE}`, 1, wanted, tradeRow(venue));
      return { ...request, parse: (body) => reachingBack(request.parse(body), wanted) };
    }
    const from = `startTime=${wanted.before.timestamp}`;
    return rows(`aggTrades?symbol=${symbolOf(wanted)}&${from}&limit=${PAGE}`, 1, wanted, aggTradeRow(venue));
  };
}

function reachingBack(trades: readonly TradeEvent[], wanted: BackfillRequest): readonly TradeEvent[] {
  return BigInt(trades[0]?.tradeId ?? 0) <= firstMissing(wanted) ? trades : [];
}

function firstMissing({ before }: BackfillRequest): bigint {
  return BigInt(before.lastTradeId ?? before.tradeId) + 1n;
}

function symbolOf({ instrument }: BackfillRequest): string {
  return encodeURIComponent(instrument.venueSymbol);
}

function rows(
  query: string,
  weight: number,
  wanted: BackfillRequest,
  read: ReadRow,
): RestRequest<readonly TradeEvent[]> {
  return {
    path: `/api/v3/${query}`,
    weight,
    parse: (body) =>
      readArray(body, '').map((row, index) => {
        try {
          return read(row, wanted);
        } catch (error) {
          throw within(`[${index}]`, error);
        }
      }),
  };
}

function tradeRow(venue: VenueId): ReadRow {
  return (value, wanted) => {
    const row: Unchecked<BinanceTradeRow> = readObject<BinanceTradeRow>(value, '');
    return {
      ...common(venue, wanted),
      price: readPositive(row.price, 'price'),
      quantity: readPositive(row.qty, 'qty'),
      isBuyerMaker: readBoolean(row.isBuyerMaker, 'isBuyerMaker'),
      timestamp: readTime(row.time, 'time'),
      tradeId: readNumericId(row.id, 'id'),
      lastTradeId: null,
      conditions: NONE,
    };
  };
}

function aggTradeRow(venue: VenueId): ReadRow {
  return (value, wanted) => {
    const row: Unchecked<BinanceAggTradeRow> = readObject<BinanceAggTradeRow>(value, '');
    const tradeId = readNumericId(row.f, 'f');
    const lastTradeId = readNumericId(row.l, 'l');
    if (Number(tradeId) > Number(lastTradeId))
      throw malformed('l', `is ${lastTradeId}, before the first id ${tradeId}`);
    return {
      ...common(venue, wanted),
      price: readPositive(row.p, 'p'),
      quantity: readPositive(row.q, 'q'),
      isBuyerMaker: readBoolean(row.m, 'm'),
      timestamp: readTime(row.T, 'T'),
      tradeId,
      lastTradeId,
      conditions: AGGREGATED,
    };
  };
}

function common(venue: VenueId, { instrument, environment, receivedAt }: BackfillRequest) {
  return {
    kind: 'trade',
    venue,
    symbol: instrument.symbol,
    venueSymbol: instrument.venueSymbol,
    coin: instrument.coin,
    environment,
    epoch: 0,
    receivedAt: receivedAt(),
    eventTime: null,
    source: 'backfill',
  } as const;
}
