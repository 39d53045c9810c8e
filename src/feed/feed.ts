import { merge, type Observable } from 'rxjs';
import { SymbolPriceTicks } from '../market/price-ticks.ts';
import { failover } from '../operators/failover.ts';
import { pastCandles } from './analytics/past-candles.ts';
import { publishStats } from './analytics/publish-stats.ts';
import type { MergedEvent } from './arbitration/merged-event.ts';
import { publishAudits } from './audits/publish-audits.ts';
import { publishBooks } from './books/publish-books.ts';
import { publishDisputes } from './dispute/publish-disputes.ts';
import { assignEpochs } from './failover/assign-epochs.ts';
import { failoverOptions } from './failover/failover-options.ts';
import type { FeedOutput, FeedReport } from './feed-event.ts';
import type { FeedOptions, StageOptions } from './feed-options.ts';
import { AvailabilityReports } from './instruments/availability-reports.ts';
import { fanOut } from './publish/fan-out.ts';
import { publishPrices, rememberFigures } from './publish/publish-prices.ts';
import { publishTrades } from './publish/publish-trades.ts';
import { publishEach, publishing, showTo } from './publish/publishing.ts';
import { EpochLedger } from './resume/epoch-ledger.ts';
import { publishPositions } from './resume/publish-positions.ts';
import { publishStatus } from './status/publish-status.ts';
import type { VenueFeed } from './venue-feed.ts';

/** Merges the venues into one feed. Each line of `fanOut` is a stage; removing one loses only what it publishes. */
export function feed(venues: readonly VenueFeed[], options: FeedOptions): Observable<FeedOutput> {
  const { watch, commands$, reports = [] } = options;
  const counts = options.config.feed.channels.includes('trade') ? 'trade' : 'agg_trade';
  const ledger = new EpochLedger(options.previous, options.config.environment, counts);
  const availability = new AvailabilityReports(venues);
  const ticks = new SymbolPriceTicks();
  const ids = venues.map((venue) => venue.options.venue.id);
  const venueOf = (id: string) => venues.find((venue) => venue.options.venue.id === id);
  const stages: StageOptions = { ...options, ledger, counts, venueOf };
  const sources = venues.map((venue) => ({
    id: venue.options.venue.id,
    events$: venue.events$.pipe(showTo(watch.venue(venue), rememberFigures(ticks)), availability.source(venue)),
  }));
  const served$ = failover<readonly MergedEvent[], FeedReport>(sources, failoverOptions(ids, stages));
  return merge(reports, commands$, served$).pipe(
    assignEpochs(stages),
    fanOut(
      watch.events(),
      publishTrades(),
      publishStats({ ...stages, pastCandles: pastCandles(venueOf) }),
      publishAudits({ ...stages, environment: options.config.environment, venueOf }),
      publishPrices(ticks),
      publishEach('book_ticker'),
      publishEach('kline'),
      publishBooks(stages),
      publishing((event) => (event.kind === 'instrument' ? [event.record] : [])),
      publishStatus(stages),
      publishDisputes(stages),
      publishPositions(stages),
    ),
  );
}
