import type { BookTicker, Environment } from '../../domain/record.ts';
import type { FeedWatch } from '../../feed/status/feed-watch.ts';
import { type BestPrices, bestOf } from '../../market/book/best-prices.ts';

/** Returns the best prices of every symbol over all healthy venues of this environment. */
export function bestOfFeeds(feeds: readonly FeedWatch[], environment: Environment): readonly BestPrices[] {
  const views = feeds.flatMap(({ view }) => [...view.symbols.values()]);
  const coins = new Map(views.map(({ symbol, coin }) => [symbol, coin]));
  return [...coins].map(([symbol, coin]) => {
    const tickers = feeds.flatMap((feed) => trustedBookTickers(feed, symbol));
    return { coin, symbol, environment, ...bestOf(tickers.filter((ticker) => ticker.environment === environment)) };
  });
}

/** The fresh book tickers, without that of a venue whose price the other venues contradict. */
function trustedBookTickers(feed: FeedWatch, symbol: string): readonly BookTicker[] {
  const { symbols } = feed;
  const disputed = symbols.disputedPrices.has(symbol) ? symbols.servedBy(symbol) : undefined;
  return feed.freshBookTickers(symbol).filter(({ venue }) => venue !== disputed);
}
