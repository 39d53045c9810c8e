import { defer, type OperatorFunction } from 'rxjs';
import { isBlockTrade } from '../../market/trades/block-trade.ts';
import { LargeTrades } from '../../market/trades/large-trades.ts';
import { areOf } from '../arbitration/merged-event.ts';
import type { FeedEvent, FeedOutput } from '../feed-event.ts';
import type { StageOptions } from '../feed-options.ts';
import { stage } from '../publish/publishing.ts';
import type { RecentKnown } from './after-recent.ts';

/** Trades before a large one, at least. */
const LEAST_TRADES = 100;

interface EpochTrades {
  readonly venue: string;
  readonly epoch: number;
  readonly large: LargeTrades;
}

/** Publishes the trades that are large against those before them in their epoch; block trades are left out. */
export function publishLargeTrades({
  stats,
  counts,
}: Pick<StageOptions, 'stats' | 'counts'>): OperatorFunction<FeedEvent | RecentKnown, FeedOutput> {
  const { historyTrades: most, largeTradeThreshold: threshold } = stats;
  return (events$) =>
    defer(() => {
      const epochs = new Map<string, EpochTrades>();
      let previous: RecentKnown['trades'] = [];
      const begin = (symbol: string, venue: string, epoch: number): void => {
        const last = epochs.get(symbol);
        if (last?.venue === venue && last.epoch === epoch) return;
        const large = new LargeTrades({ threshold, most, least: Math.min(LEAST_TRADES, most) });
        const same = previous.find((one) => one.symbol === symbol && one.venue === venue && one.epoch === epoch);
        for (const trade of same?.trades ?? []) if (!isBlockTrade(trade)) large.next(trade);
        epochs.set(symbol, { venue, epoch, large });
      };
      return events$.pipe(
        stage<FeedEvent | RecentKnown, FeedOutput>((event, out) => {
          if (event.kind === 'recent') previous = event.trades;
          else if (event.kind === 'epochs')
            for (const { symbol, epoch } of event.begun) begin(symbol, event.venue, epoch);
          else if (event.kind === 'data' && areOf(event.events, counts)) {
            const large = epochs.get(event.symbol)?.large;
            for (const trade of event.events) {
              if (isBlockTrade(trade)) continue;
              const figures = large?.next(trade);
              if (figures === undefined) continue;
              out.next({ records: [{ ...trade, kind: 'large_trade', ...figures }], barrier: false });
            }
          }
        }),
      );
    });
}
