import {
  defer,
  EMPTY,
  filter,
  map,
  type ObservableInput,
  type OperatorFunction,
  type SchedulerLike,
  Subject,
} from 'rxjs';
import { type WindowControl, windowStats } from '../../operators/window-stats.ts';
import type { SequencedTrade } from '../arbitration/merged-event.ts';
import type { FeedEvent, FeedOutput } from '../feed-event.ts';
import { afterRecent, type RecentTrades } from './after-recent.ts';
import { trackEpochs } from './track-epochs.ts';
import { WindowSums } from './window-sums.ts';

export interface TradeStatsOptions {
  /** Lengths, milliseconds. */
  readonly windowsMs: readonly number[];
  readonly allowedLatenessMs: number;
  /** A venue without trades for as long, in addition to the lateness, has its windows closed by the clock. */
  readonly idleAfterMs: number;
  /** The mean quantity is that of so many trades, at most. */
  readonly historyTrades: number;
  /** How many times the mean quantity a large trade has at least. */
  readonly largeTradeThreshold: number;
}

/** Trades that no window counts: blocks, and those that came after a window of theirs had closed. */
export interface UncountedTrades {
  readonly blocks: number;
  readonly late: number;
}

export interface StatsStageOptions {
  /** Undefined: nothing is summed up. */
  readonly stats?: TradeStatsOptions;
  /** The trades that are summed up. */
  readonly counts: SequencedTrade['kind'];
  /** What previous runs published lately of the epochs that continue; until it is known statistics wait. */
  readonly recent?: ObservableInput<RecentTrades>;
  readonly scheduler: SchedulerLike;
  readonly watch: { uncounted: () => UncountedTrades };
}

/**
 * Publishes statistics of the trades in each window of time. Windows are tumbling, per venue, symbol and epoch, on the
 * trade's timestamp. One closes when the venue's event time passes its end + `allowedLatenessMs`, or after
 * `allowedLatenessMs` + `idleAfterMs` without data, or at once when the epoch ends, as incomplete. A symbol with a
 * pending gap holds its windows up to 10 s. A trade later than that is counted as late, never merged.
 */
export function publishStats(options: StatsStageOptions): OperatorFunction<FeedEvent, FeedOutput> {
  const { stats, counts, recent, watch, scheduler } = options;
  if (stats === undefined) return () => EMPTY;
  return (events$) =>
    defer(() => {
      const uncounted = { blocks: 0, late: 0 };
      watch.uncounted = () => uncounted;
      const control$ = new Subject<WindowControl>();
      const silenceMs = stats.allowedLatenessMs + stats.idleAfterMs;
      return events$.pipe(
        afterRecent(recent),
        trackEpochs({ counts, silenceMs, control$, scheduler }, uncounted),
        windowStats({
          windowMs: stats.windowsMs,
          allowedLatenessMs: stats.allowedLatenessMs,
          idleAfterMs: stats.idleAfterMs,
          timestampOf: ({ trade }) => trade.timestamp,
          keyOf: ({ epoch }) => epoch.id,
          clockOf: ({ epoch }) => epoch.venue,
          create: (_windowStart, _key, { epoch }) => new WindowSums(epoch),
          add: (sums, { trade }) => sums.add(trade),
          // The trades of a previous run were counted then.
          onLate: ({ epoch }) => {
            if (epoch.hasTraded) uncounted.late++;
          },
          control$,
          scheduler,
        }),
        map(({ accumulator, ...window }) => accumulator.record(window)),
        filter((record) => record !== undefined),
        map((record) => ({ records: [record], barrier: false })),
      );
    });
}
