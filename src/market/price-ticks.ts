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

  learn(ticker: Ticker): void {
    const place = this.#figures.findIndex(({ venue }) => venue === ticker.venue);
    if (place < 0) this.#figures.push(ticker);
    else this.#figures[place] = ticker;
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
