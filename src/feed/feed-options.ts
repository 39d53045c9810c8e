import type { Observable, ObservableInput, SchedulerLike } from 'rxjs';
import type { BooksWanted, Config } from '../config/config.ts';
import type { PreviousTrades } from './analytics/stats-epoch.ts';
import type { SequencedTrade } from './arbitration/merged-event.ts';
import type { FeedCommand, FeedReport } from './feed-event.ts';
import type { EpochLedger } from './resume/epoch-ledger.ts';
import type { PreviousEpoch } from './resume/previous-runs.ts';
import type { FeedWatch } from './status/feed-watch.ts';
import type { StatusNumbering } from './status/status-numbering.ts';
import type { VenueFeed } from './venue-feed.ts';

export interface TradeStatsOptions
  extends Pick<Config['stats'], 'windowsMs' | 'allowedLatenessMs' | 'historyTrades' | 'largeTradeThreshold'> {
  /** If a venue has no trades for this time plus `allowedLatenessMs`, its windows close by the clock. Milliseconds. */
  readonly idleAfterMs: number;
}

export interface FeedOptions {
  readonly config: Pick<Config, 'feed' | 'environment'> & { readonly connectTimeoutMs: number };
  /** How much of the books is published. Default: nothing. */
  readonly books?: BooksWanted;
  readonly stats: TradeStatsOptions;
  /** Where previous runs ended, as read from the sinks. */
  readonly previous: readonly PreviousEpoch[];
  /** What previous runs published lately in resumed epochs. Statistics wait for it. */
  readonly recent?: ObservableInput<readonly PreviousTrades[]>;
  /** What to report at the start. Default: nothing. */
  readonly reports?: readonly FeedReport[];
  readonly commands$: Observable<FeedCommand>;
  /** Emits before the feed ends. The feed then publishes its last positions. */
  readonly stop$: Observable<unknown>;
  readonly numbering: StatusNumbering;
  readonly watch: FeedWatch;
  readonly scheduler: SchedulerLike;
  readonly wallClockMs: () => number;
}

/** The options of the feed's stages. */
export interface StageOptions extends FeedOptions {
  readonly ledger: EpochLedger;
  readonly counts: SequencedTrade['kind'];
  readonly venueOf: (id: string) => Pick<VenueFeed, 'book' | 'possibleGaps' | 'forget'> | undefined;
}
