import type { AggTrade, BookTicker, FeedRecord, Kline, PriceTick, TradeEvent } from '../../domain/record.ts';
import { CountRate } from '../../telemetry/count-rate.ts';

export interface SymbolView {
  readonly coin: string;
  readonly symbol: string;
  tick: PriceTick | undefined;
  /** When the tick was published, the scheduler's milliseconds. */
  tickAt: number;
  /** When a record was last published, the scheduler's milliseconds. -Infinity if none was. */
  lastAt: number;
  trades: number;
  readonly rate: CountRate;
}

/** The last published values of each symbol, for the live status and `getPrice`. */
export class FeedView {
  readonly symbols = new Map<string, SymbolView>();
  trades = 0;
  /** Number of `trades` that a connection delivered; the others were fetched. */
  liveTrades = 0;

  add(symbol: string, coin: string): void {
    if (this.symbols.has(symbol)) return;
    const never = Number.NEGATIVE_INFINITY;
    const view = { coin, symbol, tick: undefined, tickAt: never, lastAt: never, trades: 0, rate: new CountRate() };
    this.symbols.set(symbol, view);
  }

  remove(symbol: string): void {
    this.symbols.delete(symbol);
  }

  published(record: FeedRecord, now: number): void {
    if (!isOfMarket(record)) return;
    const view = this.symbols.get(record.symbol);
    if (view === undefined) return;
    view.lastAt = now;
    if (record.kind === 'price') {
      view.tick = record;
      view.tickAt = now;
    } else if (record.kind === 'trade') {
      view.trades++;
      this.trades++;
      if (record.source === 'live') this.liveTrades++;
    }
  }

  tick(symbol: string): PriceTick | undefined {
    return this.symbols.get(symbol)?.tick;
  }

  ticks(): readonly PriceTick[] {
    return [...this.symbols.values()].flatMap(({ tick }) => tick ?? []);
  }

  /** Updates the trades per second of all symbols. Call it every second. */
  sampleRates(): void {
    for (const { rate, trades } of this.symbols.values()) rate.sample(trades);
  }
}

function isOfMarket(record: FeedRecord): record is TradeEvent | AggTrade | BookTicker | Kline | PriceTick {
  const { kind } = record;
  return kind === 'trade' || kind === 'price' || kind === 'book_ticker' || kind === 'agg_trade' || kind === 'kline';
}
