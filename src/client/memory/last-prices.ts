import type { PriceTick } from '../../domain/record.ts';
import type { LookBack } from './past.ts';

/** Messages of a partition that are looked at for a symbol that has had no price for long. */
const FURTHEST = 30_000;

/** The last price of each symbol: as the topic tells, or as it was before. */
export class LastPrices {
  readonly #ticks = new Map<string, PriceTick>();

  /** Of the symbol's venues, where there are several, the one that told last. */
  of(symbol: string): PriceTick | undefined {
    return this.#ticks.get(symbol);
  }

  all(): readonly PriceTick[] {
    return [...this.#ticks.values()];
  }

  take(tick: PriceTick): void {
    this.#ticks.set(tick.symbol, tick);
  }

  /** One of the past: counts where there is no newer one. */
  recall(tick: PriceTick): void {
    const known = this.#ticks.get(tick.symbol);
    if (known === undefined || known.receivedAt < tick.receivedAt) this.#ticks.set(tick.symbol, tick);
  }
}

/**
 * Finds the last price of each symbol from the topic's end back. Of a partition it reads what one answer holds, and
 * goes on only for symbols whose key lies there and whose price is not found yet, so far and no further.
 */
export async function recallPrices(
  lookBack: LookBack,
  topic: string,
  symbols: ReadonlySet<string>,
  prices: LastPrices,
): Promise<void> {
  const missing = new Set(symbols);
  await lookBack(topic, (partition, partitionOf) => {
    const own = [...symbols].filter((symbol) => partitionOf(symbol) === partition);
    const found = new Set<string>();
    let seen = 0;
    return async ({ key, read }) => {
      seen++;
      const record = key !== null && found.has(key) ? undefined : await read();
      if (record?.kind === 'price' && !found.has(key ?? record.symbol)) {
        prices.recall(record);
        found.add(key ?? record.symbol);
        missing.delete(record.symbol);
      }
      return seen < NEAR || (seen < FURTHEST && own.some((symbol) => missing.has(symbol)));
    };
  });
}

/** What is looked at in any case: symbols may be there that nobody named. */
const NEAR = 4000;
