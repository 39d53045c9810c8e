/** `depth`: changes of a book; `book`: a whole one or its best levels. */
export type EventKind = 'trade' | 'agg_trade' | 'ticker' | 'mini_ticker' | 'book_ticker' | 'kline' | 'depth' | 'book';

/** What a data frame is about, for the faults and the journal. */
export interface FrameSubject {
  readonly kind: EventKind;
  readonly symbol: string;
}

/** What counted faults, and those of trades, apply to besides books. */
export const TRADE_KINDS: ReadonlySet<EventKind> = new Set(['trade', 'agg_trade']);
