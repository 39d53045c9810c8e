import { EMPTY, Observable, Subject } from 'rxjs';
import type { LargeTrade, TradeStats } from '../../domain/record.ts';
import { listen } from '../../operators/listen.ts';
import { type WindowControl, windowStats } from '../../operators/window-stats.ts';
import type { FeedStage } from '../feed-event.ts';
import type { StageOptions } from '../feed-options.ts';
import type { FeedWatch } from '../status/feed-watch.ts';
import type { FetchCandles } from './past-candles.ts';
import { WindowSums } from './stats-epoch.ts';
import { trackEpochs } from './track-epochs.ts';

export type StatsStageOptions = Pick<StageOptions, 'stats' | 'counts' | 'recent' | 'scheduler'> & {
  readonly watch: Pick<FeedWatch, 'uncounted'>;
  /** For the volatility at the beginning of an epoch. Default: none. */
  readonly pastCandles?: FetchCandles | undefined;
};

/**
 * Publishes trade statistics for each window, and trades that are large compared with the trades before them in their
 * epoch. The windows are tumbling windows of the trades' timestamps, for each venue, symbol and epoch.
 *
 * A window closes when the venue's event time passes its end + `allowedLatenessMs`, or after `allowedLatenessMs` +
 * `idleAfterMs` without data. The end of the epoch closes it at once, as incomplete. A pending gap holds a symbol's
 * windows for at most 10 s. A trade that comes after its window closed is only counted, as late.
 */
export function publishStats(options: StatsStageOptions): FeedStage {
  const { stats, counts, recent = [[]], pastCandles = () => EMPTY, watch, scheduler } = options;
  return (events$) =>
    new Observable((out) => {
      const uncounted = { blocks: 0, late: 0 };
      watch.uncounted = () => uncounted;
      const publish = (record: TradeStats | LargeTrade): void => out.next({ records: [record], barrier: false });
      const control$ = new Subject<WindowControl>();
      const windows$ = events$.pipe(
        trackEpochs({ stats, counts, recent, pastCandles, control$, onLarge: publish, scheduler }, uncounted),
        windowStats({
          windowMs: stats.windowsMs,
          allowedLatenessMs: stats.allowedLatenessMs,
          idleAfterMs: stats.idleAfterMs,
          timestampOf: ({ trade }) => trade.timestamp,
          keyOf: ({ epoch }) => epoch.id,
          clockOf: ({ epoch }) => epoch.venue,
          create: (_windowStart, _key, { epoch }) => new WindowSums(epoch),
          add: (sums, { trade }) => sums.add(trade),
          // Late trades of a previous run are not counted, because that run has counted them.
          onLate: ({ epoch }) => {
            if (epoch.hasTraded) uncounted.late++;
          },
          control$,
          scheduler,
        }),
      );
      listen(windows$, out, {
        next: ({ accumulator, ...window }) => {
          const record = accumulator.record(window);
          if (record !== undefined) publish(record);
        },
      });
    });
}
