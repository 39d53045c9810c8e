import type { VenueId } from '../domain/instrument.ts';
import type { AggTrade, DeadLetter, FeedRecord, Gap, Position, TradeEvent } from '../domain/record.ts';
import type { FailoverEvent } from '../operators/failover/failover-events.ts';
import type { MergedEvent, PossibleGapNotice } from './arbitration/merged-event.ts';
import type { StatusNote } from './status/status-log.ts';

/** Records ready to be published, in order. */
export interface FeedOutput {
  readonly records: readonly FeedRecord[];
  /** Nothing may be written before these are acknowledged. */
  readonly barrier: boolean;
}

/**
 * Market data of one symbol from the venue that serves it, all of one kind, stamped with the epoch. A stage takes the kind
 * that it publishes.
 */
export interface FeedData {
  readonly kind: 'data';
  readonly symbol: string;
  readonly epoch: number;
  readonly events: readonly MergedEvent[];
}

/** What happened to a venue or to the list of symbols; no market data. */
export type FeedReport =
  | { readonly kind: 'status'; readonly venue: VenueId; readonly note: StatusNote }
  | { readonly kind: 'dead_letter'; readonly record: DeadLetter }
  /** Whether the venue has the symbol; by default it has. */
  | { readonly kind: 'availability'; readonly venue: string; readonly symbol: string; readonly serves: boolean }
  | { readonly kind: 'followed'; readonly symbol: string; readonly coin: string }
  | { readonly kind: 'unfollowed'; readonly symbol: string };

/** Asks something of a feed while it runs. */
export type FeedCommand =
  | Extract<FeedReport, { kind: 'followed' | 'unfollowed' }>
  /** A sink dropped changes of books: each chain of changes begins anew, with a whole book. */
  | { readonly kind: 'deltas_lost' };

/** A symbol's last trade in the epoch that ended and first one in the epoch that began, as far as there are any yet. */
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
  /** Id of the first trade behind it. */
  readonly toId: string;
}

/** What the stages behind the failover share: one venue a symbol, in epochs. */
export type FeedEvent =
  | FeedData
  | FeedReport
  | FeedCommand
  | (Extract<FailoverEvent<never>, { kind: 'switched' }> & {
      /** Where the epochs meet: what the new venue held for this moment has come when the current task is over. */
      readonly seams: () => readonly Seam[];
    })
  /** A venue's epochs begin, or go on after a start; `records` are acknowledged before the first record of any of them. */
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
  /** `gap` is undefined if nothing of it lies in the epoch. */
  | ({ readonly kind: 'gap_closed'; readonly gap: Gap | undefined } & GapFacts)
  | { readonly kind: 'ids_restarted'; readonly coin: string; readonly gap: Gap; readonly after: TradeEvent | AggTrade }
  | PossibleGapNotice;
