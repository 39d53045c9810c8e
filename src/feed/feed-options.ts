import type { Observable, ObservableInput, SchedulerLike } from 'rxjs';
import type { BooksWanted, Config } from '../config/config.ts';
import type { PreviousTrades } from './analytics/stats-epoch.ts';
import type { SequencedTrade } from './arbitration/merged-event.ts';
import type { FeedCommand } from './feed-event.ts';
import type { EpochLedger } from './resume/epoch-ledger.ts';
import type { PreviousEpoch } from './resume/previous-runs.ts';
import type { FeedWatch } from './status/feed-watch.ts';
import type { StatusLog } from './status/status-log.ts';
import type { VenueFeed } from './venue-feed.ts';

/** How trades are summed up. */
export interface TradeStatsOptions
  extends Pick<Config['stats'], 'windowsMs' | 'allowedLatenessMs' | 'historyTrades' | 'largeTradeThreshold'> {
  /** A venue without trades for as long, in addition to the lateness, has its windows closed by the clock. */
  readonly idleAfterMs: number;
}

export interface FeedOptions {
  readonly config: Pick<Config, 'feed' | 'environment'> & { readonly connectTimeoutMs: number };
  /** How much of the books is published; none of them by default. */
  readonly books?: BooksWanted;
  readonly stats: TradeStatsOptions;
  /** How previous runs ended, as the sinks report it. */
  readonly previous: readonly PreviousEpoch[];
  /** What previous runs published lately of the epochs that continue; until it is known statistics wait. */
  readonly recent?: ObservableInput<readonly PreviousTrades[]>;
  readonly commands$: Observable<FeedCommand>;
  /** The feed is about to be left: its last positions are published. */
  readonly stop$: Observable<unknown>;
  readonly log: StatusLog;
  readonly watch: FeedWatch;
  readonly scheduler: SchedulerLike;
  readonly wallClockMs: () => number;
}

/** What the stages of a feed share. */
export interface StageOptions extends FeedOptions {
  readonly ledger: EpochLedger;
  /** The trades that epochs, gaps and statistics count. */
  readonly counts: SequencedTrade['kind'];
  readonly venueOf: (id: string) => Pick<VenueFeed, 'book' | 'possibleGaps' | 'forget'> | undefined;
}
