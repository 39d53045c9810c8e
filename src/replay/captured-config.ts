import { z } from 'zod';
import { camelKeys, snakeKeys } from '../codec/key-case.ts';
import { coinEntrySchema } from '../config/coin-list.ts';
import { allCoins, type Config, camelVenues } from '../config/config.ts';
import { sections } from '../config/schema.ts';

/**
 * The part of a configuration that decides which records the feed makes of given frames. The rest comes from the
 * replay.
 */
type Captured = Pick<Config, 'quote' | 'coins' | 'feed' | 'venues' | 'orderBooks' | 'stats'>;

const capturedSchema = z.object({
  quote: sections.quote,
  coins: z.union([
    z.object({ all: z.literal(true), top_by_volume: z.number().optional() }),
    z.array(coinEntrySchema('USDT')),
  ]),
  feed: sections.feed,
  venues: sections.venues,
  // Captures of old versions have neither of these two sections.
  order_books: sections.order_books,
  stats: sections.stats,
});

/** Writes the configuration for a capture's header, with the keys of a configuration file. */
export function capturedConfig({ quote, coins, feed, venues, orderBooks, stats }: Captured): unknown {
  return {
    quote,
    coins: coins.kind === 'all' ? { all: true, top_by_volume: coins.topByVolume } : coins.entries,
    feed: snakeKeys(feed),
    venues: Object.fromEntries(Object.entries(venues).map(([id, venue]) => [id, snakeKeys(venue)])),
    order_books: snakeKeys(orderBooks),
    stats: snakeKeys(stats),
  };
}

/**
 * Returns `config` with a captured configuration in it; `allowTestData` stays as it is in `config`.
 * @throws Error if this version cannot read the captured configuration; the message does not name the file
 */
export function withCaptured(config: Config, value: unknown): Config {
  const { data, error } = capturedSchema.safeParse(value);
  if (data === undefined) {
    const [issue] = error.issues;
    throw new Error(
      `the configuration in its header is not valid here (${issue?.path.join('.')}: ${issue?.message}); give one with --config`,
    );
  }
  const { quote, coins, feed, venues, order_books: orderBooks, stats } = data;
  return {
    ...config,
    quote,
    coins: 'all' in coins ? allCoins(coins.top_by_volume) : { kind: 'list', entries: coins },
    feed: { ...camelKeys(feed), allowTestData: config.feed.allowTestData },
    venues: camelVenues(venues),
    orderBooks: camelKeys(orderBooks),
    stats: camelKeys(stats),
  };
}
