import type { FeedRecord, RecordKind } from '../../domain/record.ts';

/** The worth of gaps, positions and status: the promises that trades rest on, and few. */
export const MOST_PRECIOUS = 4;
/** The worth of trades and aggregated trades. */
export const TRADES = 3;

const WORTH: Readonly<Record<RecordKind, number>> = {
  price: 0,
  book_ticker: 1,
  kline: 1,
  order_book: 1,
  book_delta: 1,
  dead_letter: 2,
  trade_stats: 2,
  large_trade: 2,
  trade: TRADES,
  agg_trade: TRADES,
  gap: MOST_PRECIOUS,
  position: MOST_PRECIOUS,
  status: MOST_PRECIOUS,
};

/** How much it hurts to lose a record: 0 is dropped first (docs/decisions/0003). */
export function worthOf(record: FeedRecord): number {
  return record.kind === 'kline' && record.closed ? 2 : WORTH[record.kind];
}
