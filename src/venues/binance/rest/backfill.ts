import { identity } from 'rxjs';
import type { VenueId } from '../../../domain/instrument.ts';
import type { AggTrade, TradeEvent } from '../../../domain/record.ts';
import type { BackfillRequest, PastOrigin, RestRequest } from '../../contract.ts';
import { readBoolean, readNumericId, readObject, readPositive, readTime } from '../../decode/fields.ts';
import { pastFields, pastTrade } from '../../rest/past-records.ts';
import { NO_CONDITIONS, readAggregate } from '../decode/read-events.ts';
import { askRows, symbolQuery } from './rest.ts';

const PAGE = 1000;
/** Missing trades that a page of the last ones is asked for: the rest is room for what comes meanwhile. */
const REACH = 900n;

type ReadRow<T> = (row: unknown, of: PastOrigin) => T;

/**
 * The last trades and the past by id in turn: those are fresh at once, this lags a little behind. Only the past where
 * the last ones cannot reach back to where the hole begins.
 */
export function backfillById(venue: VenueId) {
  return (wanted: BackfillRequest): RestRequest<readonly TradeEvent[]> => {
    const from = firstMissing(wanted);
    return wanted.attempt % 2 === 0 && isShort(wanted)
      ? rows(`trades?${symbolQuery(wanted)}&limit=${PAGE}`, 25, wanted, tradeRow(venue))
      : rows(`historicalTrades?${symbolQuery(wanted)}&fromId=${from}&limit=${PAGE}`, 25, wanted, tradeRow(venue));
  };
}

/**
 * Where the past by id wants a key: the last trades, as far as they reach back to where the hole begins, and in turn
 * with them the aggregated ones from its time on. Of these only what lies wholly inside counts, so single trades from
 * its middle would cost the aggregates that they are a part of. No end is named: a span of an hour or more is refused.
 */
export function backfillByTime(venue: VenueId) {
  return (wanted: BackfillRequest): RestRequest<readonly TradeEvent[]> => {
    if (wanted.attempt % 2 === 0 && isShort(wanted)) {
      const request = rows(`trades?${symbolQuery(wanted)}&limit=${PAGE}`, 1, wanted, tradeRow(venue));
      return { ...request, parse: (body) => reachingBack(request.parse(body), wanted) };
    }
    return rows(`aggTrades?${aggTradesFrom(wanted)}`, 1, wanted, aggregatedTradeRow(venue));
  };
}

/** Aggregated trades from the hole's time on: their own ids are not known. */
export function backfillAggTrades(venue: VenueId, weight: number) {
  return (wanted: BackfillRequest): RestRequest<readonly AggTrade[]> =>
    rows(`aggTrades?${aggTradesFrom(wanted)}`, weight, wanted, aggTradeRow(venue));
}

function aggTradesFrom(wanted: BackfillRequest): string {
  return `${symbolQuery(wanted)}&startTime=${wanted.before.timestamp}&limit=${PAGE}`;
}

/** True where the last trades can still reach back over the hole: some have been made since. */
function isShort({ before, after }: BackfillRequest): boolean {
  return BigInt(after.tradeId) - BigInt(before.id) < REACH;
}

function reachingBack(trades: readonly TradeEvent[], wanted: BackfillRequest): readonly TradeEvent[] {
  return BigInt(trades[0]?.tradeId ?? 0) <= firstMissing(wanted) ? trades : [];
}

function firstMissing({ before }: BackfillRequest): bigint {
  return BigInt(before.id) + 1n;
}

function rows<T>(query: string, weight: number, wanted: BackfillRequest, read: ReadRow<T>): RestRequest<readonly T[]> {
  return askRows(query, weight, (row) => read(row, wanted), identity);
}

export function tradeRow(venue: VenueId): ReadRow<TradeEvent> {
  return (value, of) => {
    const row = readObject(value, '');
    return pastTrade(pastFields(venue, of), {
      price: readPositive(row.price, 'price'),
      quantity: readPositive(row.qty, 'qty'),
      isBuyerMaker: readBoolean(row.isBuyerMaker, 'isBuyerMaker'),
      timestamp: readTime(row.time, 'time'),
      tradeId: readNumericId(row.id, 'id'),
      lastTradeId: null,
      conditions: NO_CONDITIONS,
    });
  };
}

function aggregatedTradeRow(venue: VenueId): ReadRow<TradeEvent> {
  return (row, of) => pastTrade(pastFields(venue, of), readAggregate(readObject(row, '')));
}

export function aggTradeRow(venue: VenueId): ReadRow<AggTrade> {
  return (row, of) => {
    const told = readAggregate(readObject(row, ''));
    const rest = { firstTradeId: told.tradeId, eventTime: null, source: 'backfill' } as const;
    return { kind: 'agg_trade', ...pastFields(venue, of), ...told, ...rest };
  };
}
