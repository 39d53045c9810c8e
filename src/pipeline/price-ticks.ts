import type { MarketEvent, Ticker } from '../domain/line.ts';
import type { PriceTick, TradeEvent } from '../domain/record.ts';

/**
 * Makes price ticks: one for every trade and every ticker, with the 24-hour figures last known of that venue.
 * None is older than the one before it of its symbol and epoch; backfilled and block trades make none.
 */
export class PriceTicks {
  /** By venue, then symbol. */
  readonly #figures = new Map<string, Map<string, Ticker>>();
  readonly #last = new Map<string, PriceTick>();

  /** Remembers the figures of a venue's ticker, whether that venue serves the symbol now or not. */
  learn(event: MarketEvent): void {
    if (event.kind !== 'ticker') return;
    let symbols = this.#figures.get(event.venue);
    if (symbols === undefined) {
      symbols = new Map();
      this.#figures.set(event.venue, symbols);
    }
    symbols.set(event.symbol, event);
  }

  /** The tick that a trade or ticker makes in an epoch; undefined: none. `key` tells what is served apart. */
  tick(key: string, event: TradeEvent | Ticker, epoch: number): PriceTick | undefined {
    if (event.kind === 'trade' && (event.source === 'backfill' || event.conditions.includes('block'))) return undefined;
    const last = this.#last.get(key);
    if (last !== undefined && last.epoch === epoch && event.timestamp < last.timestamp) return undefined;
    const figures = this.#figures.get(event.venue)?.get(event.symbol);
    const tick: PriceTick = {
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
    this.#last.set(key, tick);
    return tick;
  }
}
