import type { MarketEvent } from '../domain/line.ts';
import type { AggTrade, TradeEvent } from '../domain/record.ts';
import type { Hole, Mark } from '../operators/contiguous-sequence.ts';

/** What comes in the order of its ids, each once. */
export type SequencedTrade = TradeEvent | AggTrade;

interface Notice {
  readonly symbol: string;
  readonly coin: string;
}

/** A hole in the trades of one symbol, in its place in the stream: what became of it. */
export interface HoleNotice extends Notice {
  readonly kind: 'hole';
  readonly hole: Hole<SequencedTrade>;
}

/** A hole is waited for: its symbol's trades come no further until it is filled or given up. */
export interface HoleOpened extends Notice {
  readonly kind: 'hole_opened';
  readonly hole: Hole<SequencedTrade>;
}

/** The venue counts the trades of a symbol anew: `after` is the first that is known of the new count, and comes next. */
export interface IdsRestarted extends Notice {
  readonly kind: 'ids_restarted';
  readonly before: Mark;
  readonly after: SequencedTrade;
}

export type MergedEvent = MarketEvent | HoleNotice | HoleOpened | IdsRestarted;

/** Trades that are missing between two others, both exclusive. */
export interface TradeHole {
  readonly kind: SequencedTrade['kind'];
  readonly before: Mark;
  readonly after: SequencedTrade;
}
