import type { Decimal } from '../domain/decimal.ts';
import type { FeedRecord, PriceTick } from '../domain/record.ts';

/** Over how many whole seconds trades are averaged. */
const RATE_SECONDS = 5;

export interface SymbolView {
  readonly coin: string;
  readonly symbol: string;
  venue: string | null;
  epoch: number;
  price: Decimal | null;
  change24h: Decimal | null;
  /** The scheduler's milliseconds. */
  lastAt: number | null;
  trades: number;
}

/** What was published last, by key: the fold behind the live status and `getPrice`. */
export class FeedView {
  readonly symbols = new Map<string, SymbolView>();
  readonly #ticks = new Map<string, PriceTick>();
  /** Counts of the last seconds, newest last, by key. */
  #seconds: ReadonlyMap<string, number>[] = [];
  trades = 0;
  /** Of them those that were not fetched. */
  liveTrades = 0;

  add(key: string, coin: string, symbol: string): void {
    if (!this.symbols.has(key))
      this.symbols.set(key, {
        coin,
        symbol,
        venue: null,
        epoch: 0,
        price: null,
        change24h: null,
        lastAt: null,
        trades: 0,
      });
  }

  remove(key: string): void {
    this.symbols.delete(key);
    this.#ticks.delete(key);
  }

  published(key: string, record: FeedRecord, now: number): void {
    const view = this.symbols.get(key);
    if (view === undefined) return;
    view.lastAt = now;
    if (record.kind === 'trade') {
      view.trades++;
      this.trades++;
      if (record.source === 'live') this.liveTrades++;
    } else if (record.kind === 'price') {
      this.#ticks.set(key, record);
      view.price = record.price;
      view.change24h = record.change24h;
      view.venue = record.venue;
      view.epoch = record.epoch;
    }
  }

  tick(key: string): PriceTick | undefined {
    return this.#ticks.get(key);
  }

  ticks(): readonly PriceTick[] {
    return [...this.#ticks.values()];
  }

  /** To be called every second: starts the next second of the rates. */
  second(): void {
    this.#seconds.push(new Map([...this.symbols].map(([key, { trades }]) => [key, trades])));
    if (this.#seconds.length > RATE_SECONDS + 1) this.#seconds.shift();
  }

  tradesPerSecond(key: string): number {
    const oldest = this.#seconds[0];
    const newest = this.#seconds.at(-1);
    if (oldest === undefined || newest === undefined || this.#seconds.length < 2) return 0;
    return ((newest.get(key) ?? 0) - (oldest.get(key) ?? 0)) / (this.#seconds.length - 1);
  }
}
