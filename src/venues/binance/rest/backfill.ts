import type { VenueId } from '../../../domain/instrument.ts';
import type { AggTrade, TradeEvent } from '../../../domain/record.ts';
import type { BackfillRequest, PastOrigin, RestRequest } from '../../contract.ts';
import { readableRows, readBoolean, readNumericId, readObject, readPositive, readTime } from '../../decode/fields.ts';
import { pastFields, pastTrade } from '../../rest/past-records.ts';
import { NO_CONDITIONS, readAggregate } from '../decode/read-events.ts';
import { askRows, symbolQuery } from './rest.ts';

const PAGE = 1000;
/**
 * The last trades are requested only if the gap spans fewer ids than this. A page has room for 100 trades after the
 * gap.
 */
const REACH = 900n;

type ReadRow<T> = (row: unknown, origin: PastOrigin) => T;

/**
 * Requests the trades of a gap. Attempts alternate between the venue's last trades, and trades by id, which appear a
 * little later. Long gaps use only trades by id. A market-data-only host has no trades by id, so aggregated trades
 * replace them there.
 */
export function backfillById(venue: VenueId) {
  return (wanted: BackfillRequest): RestRequest<readonly TradeEvent[]> => {
    if (wanted.attempt % 2 === 0 && isShort(wanted)) return lastTrades(venue, 25, wanted);
    const query = `historicalTrades?${symbolQuery(wanted)}&fromId=${firstMissing(wanted)}&limit=${PAGE}`;
    return { ...rows(query, 25, wanted, tradeRow(venue)), otherwise: aggregatesFrom(venue, 4, wanted) };
  };
}

/** As `backfillById`, for a venue whose trades by id need an API key: aggregated trades replace them. */
export function backfillByTime(venue: VenueId) {
  return (wanted: BackfillRequest): RestRequest<readonly TradeEvent[]> =>
    wanted.attempt % 2 === 0 && isShort(wanted) ? lastTrades(venue, 1, wanted) : aggregatesFrom(venue, 1, wanted);
}

/**
 * Requests the last trades, and returns none if they do not reach back to the gap's beginning. A part of the missing
 * trades would split the gap, and an aggregated trade across the split would be lost.
 */
function lastTrades(venue: VenueId, weight: number, wanted: BackfillRequest): RestRequest<readonly TradeEvent[]> {
  const request = rows(`trades?${symbolQuery(wanted)}&limit=${PAGE}`, weight, wanted, tradeRow(venue));
  return { ...request, parse: (body, onBadRow) => reachingBack(request.parse(body, onBadRow), wanted) };
}

/**
 * Requests aggregated trades from the beginning of the gap. The request has no end time, because the venue refuses
 * spans of an hour or more.
 */
function aggregatesFrom(venue: VenueId, weight: number, wanted: BackfillRequest): RestRequest<readonly TradeEvent[]> {
  return rows(`aggTrades?${aggTradesFrom(wanted)}`, weight, wanted, aggregatedTradeRow(venue));
}

/** Requests aggregated trades by the time of the gap's beginning, because their own ids are unknown. */
export function backfillAggTrades(venue: VenueId, weight: number) {
  return (wanted: BackfillRequest): RestRequest<readonly AggTrade[]> =>
    rows(`aggTrades?${aggTradesFrom(wanted)}`, weight, wanted, aggTradeRow(venue));
}

function aggTradesFrom(wanted: BackfillRequest): string {
  return `${symbolQuery(wanted)}&startTime=${wanted.before.timestamp}&limit=${PAGE}`;
}

/** Returns true if the last trades may still cover the gap. */
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
  return askRows(query, weight, (row) => read(row, wanted), readableRows);
}

export function tradeRow(venue: VenueId): ReadRow<TradeEvent> {
  return (value, origin) => {
    const row = readObject(value, '');
    return pastTrade(pastFields(venue, origin), {
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
  return (row, origin) => pastTrade(pastFields(venue, origin), readAggregate(readObject(row, '')));
}

export function aggTradeRow(venue: VenueId): ReadRow<AggTrade> {
  return (row, origin) => {
    const aggregate = readAggregate(readObject(row, ''));
    const rest = { firstTradeId: aggregate.tradeId, eventTime: null, source: 'backfill', timestampUs: null } as const;
    return { kind: 'agg_trade', ...pastFields(venue, origin), ...aggregate, ...rest };
  };
}
