import { isObservable, type Observable, Subject } from 'rxjs';
import type { Gap, Kline, LargeTrade, TradeEvent, TradeStats } from '../../../src/domain/record.ts';
import { publishStats } from '../../../src/feed/analytics/publish-stats.ts';
import type { PreviousTrades } from '../../../src/feed/analytics/stats-epoch.ts';
import type { FeedEvent, FeedOutput } from '../../../src/feed/feed-event.ts';
import type { TradeStatsOptions } from '../../../src/feed/feed-options.ts';
import { SteppedScheduler } from '../../venues/stepped-scheduler.ts';

export type RecentTrades = readonly PreviousTrades[];
export type StatsRecord = TradeStats | LargeTrade;

/** The stages that publish statistics and large trades, controlled by the test in virtual time. */
export class StatsStages {
  readonly scheduler = new SteppedScheduler();
  readonly watch = { uncounted: () => ({ blocks: 0, late: 0 }) };
  readonly #events$ = new Subject<FeedEvent>();

  /** @param recent records of previous runs. */
  constructor(
    stats: TradeStatsOptions,
    onRecord: (record: StatsRecord) => void,
    now = 0,
    recent: RecentTrades | Observable<RecentTrades> = [],
    pastCandles?: (symbol: string, venue: string) => Observable<readonly Kline[]>,
  ) {
    this.scheduler.advance(now);
    const { scheduler, watch } = this;
    const known = isObservable(recent) ? recent : [recent];
    const stage = publishStats({ stats, counts: 'trade', recent: known, pastCandles, scheduler, watch });
    this.#events$.pipe(stage).subscribe(({ records }: FeedOutput) => {
      for (const record of records)
        if (record.kind === 'trade_stats' || record.kind === 'large_trade') onRecord(record);
    });
  }

  began(symbol: string, { venue, epoch, at }: { venue: string; epoch: number; at: number }): void {
    this.#events$.next({ kind: 'epochs', venue, at, begun: [{ symbol, epoch }], records: [] });
  }

  stop(): void {
    this.#events$.complete();
  }

  ended(symbol: string): void {
    this.#events$.next({ kind: 'unfollowed', symbol });
  }

  trade(symbol: string, trade: TradeEvent): void {
    this.#events$.next({ kind: 'data', symbol, epoch: trade.epoch, events: [trade] });
  }

  pending(symbol: string, toId: string, gap: Gap): void {
    this.#events$.next({ kind: 'gap_pending', symbol, coin: symbol, channel: 'trade', toId, gap });
  }

  closed(symbol: string, toId: string, gap?: Gap): void {
    this.#events$.next({ kind: 'gap_closed', symbol, coin: symbol, channel: 'trade', toId, gap });
  }

  noLine(symbol: string, timestamp: number): void {
    this.#events$.next({ kind: 'possible_gap', symbol, of: 'trade', before: { id: '1', timestamp }, waits: false });
  }
}
