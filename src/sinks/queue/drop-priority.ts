import type { FeedRecord, RecordKind } from '../../domain/record.ts';

/** The priority of gaps, positions, status and instruments: they are few, and other records depend on them. */
export const DROPPED_LAST = 4;
/** The priority of trades and aggregated trades. */
export const TRADES = 3;

const PRIORITIES: Readonly<Record<RecordKind, number>> = {
  price: 0,
  book_ticker: 1,
  kline: 1,
  order_book: 1,
  book_delta: 1,
  dead_letter: 2,
  trade_stats: 2,
  large_trade: 2,
  audit: 2,
  trade: TRADES,
  agg_trade: TRADES,
  gap: DROPPED_LAST,
  position: DROPPED_LAST,
  instrument: DROPPED_LAST,
  status: DROPPED_LAST,
};

/** The drop priority of a record: 0 is dropped first (docs/decisions/0003). */
export function dropPriorityOf(record: FeedRecord): number {
  return record.kind === 'kline' && record.closed ? 2 : PRIORITIES[record.kind];
}
