import { catchError, concatMap, EMPTY, map, Observable, type OperatorFunction, Subject } from 'rxjs';
import type { Kline } from '../../domain/record.ts';
import { isBlockTrade } from '../../market/trades/block-trade.ts';
import { listen } from '../../operators/listen.ts';
import { areOf, type SequencedTrade } from '../arbitration/merged-event.ts';
import type { FeedEvent } from '../feed-event.ts';
import type { StageOptions } from '../feed-options.ts';
import { holdUntilKnown } from '../resume/hold-until-known.ts';
import { type CountedTrade, Epochs, type EpochsOptions } from './epochs.ts';
import type { FetchCandles } from './past-candles.ts';
import type { StatsEpoch } from './stats-epoch.ts';
import { UNKNOWN_GAP } from './trade-coverage.ts';

export interface TrackEpochsOptions extends EpochsOptions {
  readonly counts: SequencedTrade['kind'];
  readonly pastCandles: FetchCandles;
  readonly recent: NonNullable<StageOptions['recent']>;
}

/**
 * Emits the trades of each epoch, and sends the commands to hold, release and cut its windows.
 *
 * Events wait until the previous run's output is known; a feed that stops earlier drops them. A new epoch holds its
 * windows until its first trades come, because these may be older than the trades of the venue's other symbols. After
 * the release of its last gap, a hold ends in a later task, so that trades that came together are counted first.
 */
export function trackEpochs(
  options: TrackEpochsOptions,
  uncounted: { blocks: number },
): OperatorFunction<FeedEvent, CountedTrade> {
  const { counts, recent } = options;
  return (events$) =>
    new Observable((out) => {
      const begun$ = new Subject<StatsEpoch>();
      const epochs = new Epochs(out, options, (epoch) => begun$.next(epoch));
      // One request at a time, because other requests, such as those for missing trades, are more urgent.
      const candles$ = begun$.pipe(concatMap((epoch) => candlesOf(epoch, epochs, options.pastCandles)));
      listen(candles$, out, {
        next({ epoch, candles }) {
          epoch.addCandles(candles);
        },
        complete() {},
      });
      const handle = (event: FeedEvent): void => {
        switch (event.kind) {
          case 'data':
            if (!areOf(event.events, counts)) return;
            for (const trade of event.events) {
              if (isBlockTrade(trade)) uncounted.blocks++;
              epochs.trade(event.symbol, trade);
            }
            return;
          case 'epochs':
            for (const begun of event.begun) epochs.begin({ ...begun, venue: event.venue, at: event.at });
            return;
          case 'unfollowed':
            epochs.end(event.symbol);
            return;
          case 'gap_pending':
            if (event.channel === counts)
              epochs.hold(event.symbol, event.toId, { from: event.gap.fromTime, endsWithoutData: false });
            return;
          case 'gap_closed':
            if (event.channel === counts) epochs.release(event.symbol, event.toId, event.gap);
            return;
          case 'possible_gap':
            if (event.of !== counts) return;
            // The open windows wait for trades that may be missing.
            if (event.before === null) epochs.release(event.symbol, UNKNOWN_GAP);
            else
              epochs.hold(event.symbol, UNKNOWN_GAP, { from: event.before.timestamp, endsWithoutData: !event.waits });
        }
      };
      holdUntilKnown(events$, recent, out, {
        start: (previous) => {
          epochs.previous = new Map(previous.map((one) => [one.symbol, one]));
        },
        next: handle,
      });
    });
}

interface EpochCandles {
  readonly epoch: StatsEpoch;
  readonly candles: readonly Kline[];
}

/** Requests the venue's last candles of an epoch that has not ended. Without an answer, the volatility is unknown. */
function candlesOf(epoch: StatsEpoch, epochs: Epochs, pastCandles: FetchCandles): Observable<EpochCandles> {
  if (!epochs.isOpen(epoch)) return EMPTY;
  return pastCandles(epoch.symbol, epoch.venue).pipe(
    map((candles) => ({ epoch, candles })),
    catchError(() => EMPTY),
  );
}
