export type EventKind = 'trade' | 'agg_trade' | 'ticker' | 'mini_ticker' | 'book_ticker' | 'kline' | 'depth';

/** What a data frame is about, for the faults and the journal. */
export interface FrameSubject {
  readonly kind: EventKind;
  readonly symbol: string;
}
