import { z } from 'zod';
import { camelKeys, snakeKeys } from '../codec/key-case.ts';
import { coinEntrySchema } from '../config/coin-list.ts';
import { allCoins, type Config, camelVenues } from '../config/config.ts';
import { sections } from '../config/schema.ts';

/** Of a configuration what decides which records come of the same frames; the rest is the replay's own. */
type Captured = Pick<Config, 'quote' | 'coins' | 'feed' | 'venues' | 'orderBooks' | 'stats'>;

const capturedSchema = z.object({
  quote: sections.quote,
  coins: z.union([
    z.object({ all: z.literal(true), top_by_volume: z.number().optional() }),
    z.array(coinEntrySchema('USDT')),
  ]),
  feed: sections.feed,
  venues: sections.venues,
  // Captures from before there were books and statistics have neither.
  order_books: sections.order_books,
  stats: sections.stats,
});

/** As it stands in the header of a capture: keys as a configuration file has them. */
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
 * The configuration with that of a capture in it. Whether test data may share the production topics is no matter of
 * the recording.
 * @throws Error where the captured one is not as this version writes it, without the name of the file.
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
