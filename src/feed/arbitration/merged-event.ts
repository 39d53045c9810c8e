import type { BookUpdate, MarketEvent } from '../../domain/market-event.ts';
import type { AggTrade, TradeEvent } from '../../domain/record.ts';
import type { TradeKind } from '../../domain/trade-id.ts';
import type { BookStep, BookSync } from '../../market/book/book-sync.ts';
import type { Checkpoint, SequenceGap } from '../../operators/sequence/id-sequence.ts';

/** What comes in the order of its ids, each once. */
export type SequencedTrade = TradeEvent | AggTrade;

/** True for market data of this kind; the events of a frame are all of one. */
export function areOf<K extends LineData['kind']>(
  events: readonly MergedEvent[],
  kind: K,
): events is readonly Extract<LineData, { kind: K }>[] {
  return events[0]?.kind === kind;
}

interface Notice {
  readonly symbol: string;
  readonly coin: string;
}

/**
 * A gap in the trades of one symbol, in its place in the stream. `hole_opened`: trades come no further until it is filled
 * or given up. `hole`: what became of it.
 */
export type SequenceGapNotice = GapNoticeOf<'sequence_gap_closed'> | GapNoticeOf<'sequence_gap_pending'>;

interface GapNoticeOf<K extends string> extends Notice {
  readonly kind: K;
  readonly gap: SequenceGap<SequencedTrade>;
}

/** The venue counts the trades of a symbol anew: `after` is the first that is known of the new count, and comes next. */
export interface IdsRestarted extends Notice {
  readonly kind: 'ids_restarted';
  readonly before: Checkpoint;
  readonly after: SequencedTrade;
}

/** Trades of a symbol may be missing behind `before`, and nobody can tell yet. Told again where that begins anew. */
export interface PossibleGapNotice {
  readonly kind: 'possible_gap';
  readonly symbol: string;
  readonly of: SequencedTrade['kind'];
  /** Null: nothing is in possibleGap any more. */
  readonly before: Checkpoint | null;
  /** What came waits for what may be missing; else nothing came since there was a time without any line. */
  readonly waits: boolean;
}

/** Whose book it is. */
export type BookOrigin = Pick<BookUpdate, 'venue' | 'symbol' | 'venueSymbol' | 'coin' | 'environment'>;

/** What became of a symbol's book. `book` is what the step has led to while that is handed on, and goes on changing after. */
export interface BookStepped extends Notice {
  readonly kind: 'book';
  readonly receivedAt: number;
  readonly origin: BookOrigin;
  readonly step: BookStep;
  readonly book: BookSync;
}

/** What lines are merged of, event by event; books are merged whole. */
export type LineData = Exclude<MarketEvent, BookUpdate>;

export type MergedEvent = LineData | BookStepped | SequenceGapNotice | IdsRestarted | PossibleGapNotice;

/** What passed of a frame, or came without one, all of one symbol. */
export interface ArbitratedEvents {
  readonly kind: 'value';
  /** The canonical symbol. */
  readonly key: string;
  /** When it was received, microseconds since 1970. */
  readonly at: number;
  readonly value: readonly MergedEvent[];
  /** They were held back or fetched: no sign that the venue delivers. */
  readonly late?: true;
}

/** Where a previous run ended, by kind of trade; without the kinds that it did not publish. */
export type Resumption = ReadonlyMap<TradeKind, Checkpoint>;

/** Trades that are missing between two others, both exclusive. */
export interface TradeGap {
  readonly kind: SequencedTrade['kind'];
  readonly before: Checkpoint;
  readonly after: SequencedTrade;
}
