import { getOrCreate } from '../domain/get-or-create.ts';
import type { Ticker } from '../domain/market-event.ts';
import type { PriceTick, TradeEvent } from '../domain/record.ts';

/**
 * Makes the price ticks of what is served apart: one for every trade and every ticker, with the 24-hour figures last known
 * of that venue. None is older than the one before it of its epoch; backfilled and block trades make none.
 */
export class PriceTicks {
  /** One a venue, whether that serves the symbol now or not. */
  readonly #figures: Ticker[] = [];
  #epoch = Number.NaN;
  /** Of the last one, milliseconds. */
  #timestamp = 0;

  /** Remembers the figures of a venue's ticker. */
  learn(ticker: Ticker): void {
    const place = this.#figures.findIndex(({ venue }) => venue === ticker.venue);
    const known = this.#figures[place];
    if (known === undefined) this.#figures.push(ticker);
    // A mini ticker between two tickers has no change.
    else this.#figures[place] = ticker.change24h === null ? { ...ticker, change24h: known.change24h } : ticker;
  }

  /** The tick that a trade or ticker makes in an epoch; undefined: none. */
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

/** The price ticks of each symbol. */
export class SymbolPriceTicks {
  readonly #ticks = new Map<string, PriceTicks>();

  of(symbol: string): PriceTicks {
    return getOrCreate(this.#ticks, symbol, newPriceTicks);
  }
}
