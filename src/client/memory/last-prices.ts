import type { PriceTick } from '../../domain/record.ts';
import type { LookBack } from './past.ts';

/** Messages of a partition that are looked at for a symbol that has had no price for long. */
const FURTHEST = 30_000;

/** The last price of each symbol, from whichever venue published last. */
export type LastPrices = Map<string, PriceTick>;

/**
 * Finds the last price of each symbol from the topic's end back. Of a partition it reads what one answer holds, and
 * goes on only for symbols whose key lies there and whose price is not found yet, so far and no further. A newer price
 * that is known already stays.
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
        const known = prices.get(record.symbol);
        if (known === undefined || known.receivedAt < record.receivedAt) prices.set(record.symbol, record);
        found.add(key ?? record.symbol);
        missing.delete(record.symbol);
      }
      return seen < NEAR || (seen < FURTHEST && own.some((symbol) => missing.has(symbol)));
    };
  });
}

/** What is looked at in any case: symbols may be there that nobody named. */
const NEAR = 4000;
