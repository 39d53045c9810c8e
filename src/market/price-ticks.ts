import { getOrCreate } from '../domain/get-or-create.ts';
import type { Ticker } from '../domain/market-event.ts';
import type { PriceTick, TradeEvent } from '../domain/record.ts';

/** Makes the price ticks of one symbol. No tick is older than the previous one of its epoch. */
export class PriceTicks {
  /** The last ticker of each venue. */
  readonly #figures: Ticker[] = [];
  #epoch = Number.NaN;
  /** Time of the last tick, milliseconds. */
  #timestamp = 0;

  /** Notes a ticker. A mini ticker has no average price and no number of trades, so the previous values stay. */
  learn(ticker: Ticker): void {
    const place = this.#figures.findIndex(({ venue }) => venue === ticker.venue);
    const before = this.#figures[place];
    if (before === undefined) this.#figures.push(ticker);
    else if (ticker.vwap24h !== null || before.vwap24h === null) this.#figures[place] = ticker;
    else this.#figures[place] = { ...ticker, vwap24h: before.vwap24h, tradeCount24h: before.tradeCount24h };
  }

  /** Returns the tick that a trade or ticker makes in an epoch; undefined if it makes none. */
  tick(event: TradeEvent | Ticker, epoch: number): PriceTick | undefined {
    if (event.kind === 'trade' && (event.source === 'backfill' || event.conditions.includes('block'))) return undefined;
    if (this.#epoch === epoch && event.timestamp < this.#timestamp) return undefined;
    this.#epoch = epoch;
    this.#timestamp = event.timestamp;
    const figures = this.#figures.find(({ venue }) => venue === event.venue);
    return {
      kind: 'price',
      venue: event.venue,
      symbol: event.symbol,
      venueSymbol: event.venueSymbol,
      coin: event.coin,
      environment: event.environment,
      epoch,
      receivedAt: event.receivedAt,
      price: event.price,
      timestamp: event.timestamp,
      volume24h: figures?.volume24h ?? null,
      quoteVolume24h: figures?.quoteVolume24h ?? null,
      change24h: figures?.change24h ?? null,
      open24h: figures?.open24h ?? null,
      high24h: figures?.high24h ?? null,
      low24h: figures?.low24h ?? null,
      vwap24h: figures?.vwap24h ?? null,
      tradeCount24h: figures?.tradeCount24h ?? null,
    };
  }
}

const newPriceTicks = (): PriceTicks => new PriceTicks();

export class SymbolPriceTicks {
  readonly #ticks = new Map<string, PriceTicks>();

  of(symbol: string): PriceTicks {
    return getOrCreate(this.#ticks, symbol, newPriceTicks);
  }
}
