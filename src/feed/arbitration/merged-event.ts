import type { BookUpdate, MarketEvent } from '../../domain/market-event.ts';
import type { AggTrade, TradeEvent } from '../../domain/record.ts';
import type { TradeKind } from '../../domain/trade-id.ts';
import type { BookStep, BookSync } from '../../market/book/book-sync.ts';
import type { Checkpoint, SequenceGap } from '../../operators/sequence/id-sequence.ts';

// The events of one venue after its lines were merged.

/** The trades that the arbiter emits in the order of their ids, each once. */
export type SequencedTrade = TradeEvent | AggTrade;

/** Returns true for market data of this kind. All events of a frame are of one kind. */
export function areOf<K extends LineData['kind']>(
  events: readonly MergedEvent[],
  kind: K,
): events is readonly Extract<LineData, { kind: K }>[] {
  return events[0]?.kind === kind;
}

interface SymbolEvent {
  readonly symbol: string;
  readonly coin: string;
}

/**
 * A gap in one symbol's trades, emitted before the trade that follows the gap. While it is pending, no later trade
 * passes.
 */
export type SequenceGapEvent = GapEventOf<'sequence_gap_closed'> | GapEventOf<'sequence_gap_pending'>;

interface GapEventOf<K extends string> extends SymbolEvent {
  readonly kind: K;
  readonly gap: SequenceGap<SequencedTrade>;
}

/** The venue restarted a symbol's trade ids. `after` is the first known trade of the new ids, and comes next. */
export interface IdsRestarted extends SymbolEvent {
  readonly kind: 'ids_restarted';
  readonly before: Checkpoint;
  readonly after: SequencedTrade;
}

/** Trades after `before` are missing or may be missing. Emitted again when another such gap begins. */
export interface PossibleGapEvent {
  readonly kind: 'possible_gap';
  readonly symbol: string;
  readonly of: SequencedTrade['kind'];
  /** Null if no trade may be missing any more. */
  readonly before: Checkpoint | null;
  /**
   * True if later trades wait for the missing ones. False if no trade has come since a time without a connected line.
   */
  readonly waits: boolean;
}

export type BookOrigin = Pick<BookUpdate, 'venue' | 'symbol' | 'venueSymbol' | 'coin' | 'environment'>;

/** A step of a symbol's book. `book` has the step's result only during the event, and changes afterwards. */
export interface BookStepped extends SymbolEvent {
  readonly kind: 'book';
  readonly receivedAt: number;
  readonly origin: BookOrigin;
  readonly step: BookStep;
  readonly book: BookSync;
}

/** Market data that the arbiter merges. `VenueBooks` merges the updates of books. */
export type LineData = Exclude<MarketEvent, BookUpdate>;

export type MergedEvent = LineData | BookStepped | SequenceGapEvent | IdsRestarted | PossibleGapEvent;

/** Events of one symbol that passed the arbiter, from one frame or without one. */
export interface ArbitratedEvents {
  readonly kind: 'value';
  readonly key: string;
  /** Arrival, microseconds since 1970. */
  readonly at: number;
  readonly value: readonly MergedEvent[];
  /** Set if the events were held or fetched. Such events do not prove that the venue delivers now. */
  readonly late?: true;
}

/** A resume point by kind of trade, without kinds that the previous run did not publish. */
export type Resumption = ReadonlyMap<TradeKind, Checkpoint>;

/** A span of missing trades, both ends exclusive. */
export interface TradeGap {
  readonly kind: SequencedTrade['kind'];
  readonly before: Checkpoint;
  readonly after: SequencedTrade;
}
