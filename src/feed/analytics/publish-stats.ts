import { defer, EMPTY, from, map, merge, type OperatorFunction, type SchedulerLike } from 'rxjs';
import type { FeedRecord } from '../../domain/record.ts';
import type { FeedEvent, FeedOutput } from '../feed-event.ts';
import { publishEvery, publishing } from '../publish/publishing.ts';
import type { PreviousTrades } from '../resume/recent-trades.ts';
import { AwaitedAnalytics } from './awaited-analytics.ts';
import type { TradeAnalytics, TradeAnalyticsOptions } from './trade-analytics.ts';

export interface StatsStageOptions {
  /** Undefined: nothing is summed up. */
  readonly stats?: TradeAnalyticsOptions;
  /** The trades that are summed up. */
  readonly counts: 'trade' | 'agg_trade';
  /** What previous runs published lately of the epochs that go on; until it is known statistics wait. */
  readonly recent?: Promise<readonly PreviousTrades[]>;
  readonly scheduler: SchedulerLike;
  readonly watch: { uncounted: () => TradeAnalytics['counts'] };
}

/** How late a window may close for want of trades. */
const WINDOWS_CHECK_MS = 100;
/** Stands for the trade behind a gap if none is known. */
const DOUBT = 'doubt';
const NONE: readonly never[] = [];

/** Publishes the statistics of each window of time, and large trades; a window of an epoch that ends before its successor's first record. */
export function publishStats(options: StatsStageOptions): OperatorFunction<FeedEvent, FeedOutput> {
  const { stats, recent, scheduler, watch } = options;
  if (stats === undefined) return () => EMPTY;
  return (events$) =>
    defer(() => {
      const analytics = new AwaitedAnalytics(stats);
      watch.uncounted = () => analytics.counts;
      const begin = (previous: readonly PreviousTrades[]) =>
        analytics.begin(new Map(previous.map((one) => [one.symbol, one])), scheduler.now());
      if (recent === undefined) begin([]);
      return merge(
        events$.pipe(publishing((event) => recordsOf(analytics, event, options))),
        publishEvery(WINDOWS_CHECK_MS, scheduler, () => analytics.idle(scheduler.now())),
        recent === undefined
          ? EMPTY
          : from(recent).pipe(map((previous) => ({ records: begin(previous), barrier: false }))),
      );
    });
}

function recordsOf(
  analytics: AwaitedAnalytics,
  event: FeedEvent,
  { counts, scheduler }: StatsStageOptions,
): readonly FeedRecord[] {
  const now = scheduler.now();
  switch (event.kind) {
    case 'data': {
      const records: FeedRecord[] = [];
      for (const one of event.events)
        if ((one.kind === 'trade' || one.kind === 'agg_trade') && one.kind === counts)
          records.push(...analytics.trade(analytics.of(event.symbol), one, now));
      return records;
    }
    case 'epochs': {
      const { venue, at } = event;
      return event.begun.flatMap(({ symbol, epoch }) => analytics.began(symbol, { venue, epoch, at }, now));
    }
    case 'unfollowed':
      return analytics.ended(event.symbol);
    case 'gap_pending':
      if (event.channel === counts)
        analytics.hold(event.symbol, { toId: event.toId, fromTime: event.gap.fromTime }, now);
      return NONE;
    case 'gap_closed':
      if (event.channel !== counts) return NONE;
      if (event.gap !== undefined) analytics.gap(event.symbol, event.gap);
      analytics.release(event.symbol, event.toId);
      return NONE;
    case 'doubt':
      // What may be missing would belong into windows that are open: they wait for it.
      if (event.of !== counts) return NONE;
      if (event.before === null) analytics.release(event.symbol, DOUBT);
      else {
        const { timestamp: fromTime } = event.before;
        analytics.hold(event.symbol, { toId: DOUBT, fromTime, endsBySilence: !event.waits }, now);
      }
      return NONE;
    default:
      return NONE;
  }
}
