import type { OperatorFunction } from 'rxjs';
import type { VenueId } from '../domain/instrument.ts';
import type {
  AggTrade,
  DeadLetter,
  FeedRecord,
  Gap,
  InstrumentRecord,
  Position,
  TradeEvent,
} from '../domain/record.ts';
import type { FailoverEvent } from '../operators/failover/failover-events.ts';
import type { MergedEvent, PossibleGapEvent } from './arbitration/merged-event.ts';
import type { StatusNote } from './status/status-numbering.ts';

/** Records to publish, in order. */
export interface FeedOutput {
  readonly records: readonly FeedRecord[];
  /** True if a sink must acknowledge these records before it gets later ones. */
  readonly barrier: boolean;
}

/** A stage of the feed: turns events into records to publish. */
export type FeedStage = OperatorFunction<FeedEvent, FeedOutput>;

/** Market data of one symbol from its active venue, all of one kind, stamped with the epoch. */
export interface FeedData {
  readonly kind: 'data';
  readonly symbol: string;
  readonly epoch: number;
  readonly events: readonly MergedEvent[];
}

/** What happened to a venue or to the list of symbols, without market data. */
export type FeedReport =
  | { readonly kind: 'status'; readonly venue: VenueId; readonly note: StatusNote }
  | { readonly kind: 'dead_letter'; readonly record: DeadLetter }
  | { readonly kind: 'instrument'; readonly record: InstrumentRecord }
  /** Whether the venue has the symbol. Default: a venue has every symbol. */
  | { readonly kind: 'availability'; readonly venue: string; readonly symbol: string; readonly serves: boolean }
  | { readonly kind: 'followed'; readonly symbol: string; readonly coin: string }
  | { readonly kind: 'unfollowed'; readonly symbol: string };

export type FeedCommand =
  | Extract<FeedReport, { kind: 'followed' | 'unfollowed' }>
  /** A sink dropped changes of books, so each book is published again from a snapshot on. */
  | { readonly kind: 'deltas_lost' }
  /** The healer published these records: audits, and gaps that it healed. */
  | { readonly kind: 'healed'; readonly records: readonly FeedRecord[] };

/** A symbol's last trade in the previous epoch and its first in the new one, if they exist yet. */
export interface Seam {
  readonly symbol: string;
  readonly last: TradeEvent | AggTrade | undefined;
  readonly first: TradeEvent | AggTrade | undefined;
}

/** A gap in the trades of the current epoch. */
interface GapFacts {
  readonly symbol: string;
  readonly coin: string;
  readonly channel: 'trade' | 'agg_trade';
  /** Id of the first trade after the gap. */
  readonly toId: string;
}

/** The events after the failover stage. One venue at a time serves a symbol, in numbered epochs. */
export type FeedEvent =
  | FeedData
  | FeedReport
  | FeedCommand
  | (Extract<FailoverEvent<never>, { kind: 'switched' }> & {
      /**
       * Returns the last trades of the previous epochs and the first trades of the next ones. Call it in a microtask,
       * when all of them are known.
       */
      readonly seams: () => readonly Seam[];
    })
  /** A venue's epochs begin or are resumed. `records` are acknowledged before the first record of these epochs. */
  | {
      readonly kind: 'epochs';
      readonly venue: string;
      /** Milliseconds since 1970, wall clock. */
      readonly at: number;
      readonly begun: readonly { readonly symbol: string; readonly epoch: number }[];
      readonly records: readonly (Gap | Position)[];
    }
  /** The first data of an epoch follows. */
  | { readonly kind: 'served'; readonly symbol: string; readonly venue: string }
  | ({ readonly kind: 'gap_pending'; readonly gap: Gap } & GapFacts)
  /** `gap` is undefined if no part of the gap lies in the epoch. */
  | ({ readonly kind: 'gap_closed'; readonly gap: Gap | undefined } & GapFacts)
  | { readonly kind: 'ids_restarted'; readonly coin: string; readonly gap: Gap; readonly after: TradeEvent | AggTrade }
  | PossibleGapEvent;
