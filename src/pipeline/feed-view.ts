import type { FeedRecord, PriceTick } from '../domain/record.ts';

/** Over how many whole seconds trades are averaged. */
const RATE_SECONDS = 5;

export interface SymbolView {
  readonly coin: string;
  readonly symbol: string;
  /** The last one. */
  tick: PriceTick | undefined;
  /** The scheduler's milliseconds. */
  lastAt: number | null;
  trades: number;
  /** `trades` at the ends of the last seconds, newest last. */
  readonly seconds: number[];
}

/** What was published last, by key: the fold behind the live status and `getPrice`. */
export class FeedView {
  readonly symbols = new Map<string, SymbolView>();
  trades = 0;
  /** Of them those that were not fetched. */
  liveTrades = 0;

  add(key: string, coin: string, symbol: string): void {
    if (!this.symbols.has(key))
      this.symbols.set(key, {
        coin,
        symbol,
        tick: undefined,
        lastAt: null,
        trades: 0,
        seconds: [],
      });
  }

  remove(key: string): void {
    this.symbols.delete(key);
  }

  /** A record of the key, and the price tick that it made. */
  published(key: string, record: FeedRecord, tick: PriceTick | undefined, now: number): void {
    const view = this.symbols.get(key);
    if (view === undefined) return;
    view.lastAt = now;
    if (record.kind === 'trade') {
      view.trades++;
      this.trades++;
      if (record.source === 'live') this.liveTrades++;
    }
    if (tick !== undefined) view.tick = tick;
  }

  tick(key: string): PriceTick | undefined {
    return this.symbols.get(key)?.tick;
  }

  ticks(): readonly PriceTick[] {
    return [...this.symbols.values()].flatMap(({ tick }) => tick ?? []);
  }

  /** To be called every second: starts the next second of the rates. */
  second(): void {
    for (const { seconds, trades } of this.symbols.values()) {
      seconds.push(trades);
      if (seconds.length > RATE_SECONDS + 1) seconds.shift();
    }
  }

  tradesPerSecond(key: string): number {
    const seconds = this.symbols.get(key)?.seconds ?? [];
    const [oldest = 0] = seconds;
    return seconds.length < 2 ? 0 : ((seconds.at(-1) ?? 0) - oldest) / (seconds.length - 1);
  }
}
