import type { Gap, LargeTrade, TradeStats } from '../../domain/record.ts';
import type { SequencedTrade } from '../arbitration/merged-event.ts';
import type { Turn } from './analytics-series.ts';
import {
  type FormerTrades,
  type KeyTurn,
  TradeAnalytics,
  type TradeAnalyticsOptions,
  type WaitedHole,
} from './trade-analytics.ts';

type Made = readonly (TradeStats | LargeTrade)[];

const NONE: readonly never[] = [];

/**
 * Trade analytics of a feed that runs while it is still read what former runs left: what they are told until then waits,
 * and is told them in its order, with its own time, once that is known. Trades are not held up by it.
 */
export class AwaitedAnalytics {
  readonly #analytics: TradeAnalytics;
  #waiting: ((analytics: TradeAnalytics) => Made)[] | undefined = [];

  constructor(options: TradeAnalyticsOptions) {
    this.#analytics = new TradeAnalytics(options);
  }

  get counts(): TradeAnalytics['counts'] {
    return this.#analytics.counts;
  }

  /** What former runs left, by key; to be told once. What came of all that waited. */
  begin(former: ReadonlyMap<string, FormerTrades>, now: number): Made {
    const waiting = this.#waiting ?? NONE;
    this.#waiting = undefined;
    for (const [key, trades] of former) this.#analytics.restore(key, trades, now);
    return waiting.flatMap((told) => told(this.#analytics));
  }

  began(key: string, turn: Turn, now: number): Made {
    return this.#tell((analytics) => analytics.began(key, turn, now));
  }

  ended(key: string): Made {
    return this.#tell((analytics) => analytics.ended(key));
  }

  of(key: string): KeyTurn {
    return this.#analytics.of(key);
  }

  trade(turn: KeyTurn, trade: SequencedTrade, now: number): Made {
    if (this.#waiting === undefined) return this.#analytics.trade(turn, trade, now);
    return this.#tell((analytics) => analytics.trade(turn, trade, now));
  }

  gap(key: string, gap: Gap): void {
    this.#tell((analytics) => {
      analytics.gap(key, gap);
      return NONE;
    });
  }

  hold(key: string, hole: WaitedHole, now: number): void {
    this.#tell((analytics) => {
      analytics.hold(key, hole, now);
      return NONE;
    });
  }

  release(key: string, toId: string): void {
    this.#tell((analytics) => {
      analytics.release(key, toId);
      return NONE;
    });
  }

  idle(now: number): Made {
    return this.#waiting === undefined ? this.#analytics.idle(now) : NONE;
  }

  #tell(told: (analytics: TradeAnalytics) => Made): Made {
    if (this.#waiting === undefined) return told(this.#analytics);
    this.#waiting.push(told);
    return NONE;
  }
}
