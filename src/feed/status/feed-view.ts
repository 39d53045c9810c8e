import type { FeedRecord, PriceTick } from '../../domain/record.ts';

/** Over how many whole seconds trades are averaged. */
const RATE_SECONDS = 5;

export interface SymbolView {
  readonly coin: string;
  readonly symbol: string;
  /** The last one. */
  tick: PriceTick | undefined;
  /** The scheduler's milliseconds; -Infinity: nothing was published. */
  lastAt: number;
  trades: number;
  /** `trades` at the ends of the last seconds, newest last. */
  readonly seconds: number[];
}

/** That of a key, for as long as there is one to be told of it; undefined while it is not followed. */
export interface KeyView {
  symbol: SymbolView | undefined;
}

/** What was published last, by key: the fold behind the live status and `getPrice`. */
export class FeedView {
  readonly symbols = new Map<string, SymbolView>();
  readonly #keys = new Map<string, KeyView>();
  trades = 0;
  /** Of them those that were not fetched. */
  liveTrades = 0;

  /** To be asked for once, and told what is published of the key: nobody has to look for it. */
  of(key: string): KeyView {
    let known = this.#keys.get(key);
    if (known === undefined) {
      known = { symbol: undefined };
      this.#keys.set(key, known);
    }
    return known;
  }

  add(key: string, coin: string, symbol: string): void {
    if (this.symbols.has(key)) return;
    const view: SymbolView = {
      coin,
      symbol,
      tick: undefined,
      lastAt: Number.NEGATIVE_INFINITY,
      trades: 0,
      seconds: [],
    };
    this.symbols.set(key, view);
    this.of(key).symbol = view;
  }

  remove(key: string): void {
    this.symbols.delete(key);
    this.of(key).symbol = undefined;
  }

  /** A record of a key, and the price tick that it made. */
  published({ symbol: view }: KeyView, record: FeedRecord, tick: PriceTick | undefined, now: number): void {
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
