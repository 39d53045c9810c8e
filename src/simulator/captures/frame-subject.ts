/** Kinds of data frames. `depth`: changes of a book; `book`: a whole book or its best levels. */
export const EVENT_KINDS = [
  'trade',
  'agg_trade',
  'ticker',
  'mini_ticker',
  'book_ticker',
  'kline',
  'depth',
  'book',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** What a data frame is about, for the faults and the journal. */
export interface FrameSubject {
  readonly kind: EventKind;
  readonly symbol: string;
}

/** The kinds that faults of trades apply to. */
export const TRADE_KINDS: ReadonlySet<EventKind> = new Set(['trade', 'agg_trade']);
