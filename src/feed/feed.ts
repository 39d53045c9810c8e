import { merge, type Observable, type SchedulerLike } from 'rxjs';
import type { BooksWanted, Config } from '../config/config.ts';
import { SymbolPriceTicks } from '../market/price-ticks.ts';
import { failover } from '../operators/failover.ts';
import { publishLargeTrades } from './analytics/publish-large-trades.ts';
import { publishStats, type TradeStatsOptions } from './analytics/publish-stats.ts';
import type { PreviousTrades } from './analytics/stats-epoch.ts';
import type { MergedEvent } from './arbitration/merged-event.ts';
import { publishBooks } from './books/publish-books.ts';
import { assignEpochs } from './failover/assign-epochs.ts';
import { failoverOptions } from './failover/failover-options.ts';
import type { FeedCommand, FeedOutput, FeedReport } from './feed-event.ts';
import { VenueLists } from './instruments/venue-lists.ts';
import { fanOut } from './publish/fan-out.ts';
import { publishBookTickers, publishKlines } from './publish/publish-each.ts';
import { publishPrices, rememberFigures } from './publish/publish-prices.ts';
import { publishTrades } from './publish/publish-trades.ts';
import { EpochLedger } from './resume/epoch-ledger.ts';
import type { FormerEpoch } from './resume/former-runs.ts';
import { publishPositions } from './resume/publish-positions.ts';
import type { FeedWatch } from './status/feed-watch.ts';
import { publishStatus } from './status/publish-status.ts';
import type { StatusLog } from './status/status-log.ts';
import type { VenueFeed } from './venue-feed.ts';

export interface FeedOptions {
  readonly config: Pick<Config, 'feed' | 'environment'> & { readonly connectTimeoutMs: number };
  /** How much of the books is published; none of them by default. */
  readonly books?: BooksWanted;
  /** How trades are summed up; they are not by default. */
  readonly stats?: TradeStatsOptions;
  /** How previous runs ended, as the sinks tell. */
  readonly previous: readonly FormerEpoch[];
  /** What previous runs published lately of the epochs that go on. */
  readonly recent?: Promise<readonly PreviousTrades[]>;
  readonly commands$: Observable<FeedCommand>;
  /** The feed is about to be left: its last positions are published. */
  readonly stop$: Observable<unknown>;
  readonly log: StatusLog;
  readonly watch: FeedWatch;
  readonly scheduler: SchedulerLike;
  readonly wallClockMs: () => number;
}

/**
 * The page. Each venue is an Observable of events; operators decide which venue serves each symbol, number its epochs,
 * find its gaps and publish. Each line of `fanOut` is a stage: without it nothing but what it publishes is lost.
 */
export function feed(venues: readonly VenueFeed[], options: FeedOptions): Observable<FeedOutput> {
  const { watch, commands$ } = options;
  const ledger = new EpochLedger(options.previous, options.config.environment);
  const lists = new VenueLists(venues);
  const ticks = new SymbolPriceTicks();
  const counts = options.config.feed.channels.includes('trade') ? 'trade' : 'agg_trade';
  const ids = venues.map((venue) => venue.options.venue.id);
  const venueOf = (id: string) => venues.find((venue) => venue.options.venue.id === id);
  const stages = { ...options, ledger, counts, venueOf } as const;
  const sources = venues.map((venue) => ({
    id: venue.options.venue.id,
    events$: venue.signals$.pipe(watch.venue(venue), rememberFigures(ticks), lists.source(venue)),
  }));
  return merge(commands$, failover<readonly MergedEvent[], FeedReport>(sources, failoverOptions(ids, stages))).pipe(
    assignEpochs(stages),
    fanOut(
      watch.events(),
      publishTrades(),
      publishLargeTrades(stages),
      publishStats(stages),
      publishPrices(ticks),
      publishBookTickers(),
      publishKlines(),
      publishBooks(stages),
      publishStatus(stages),
      publishPositions(stages),
    ),
  );
}
