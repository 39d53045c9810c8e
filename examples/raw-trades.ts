// Prints trades and the status of the feed in your own process, without Kafka.
//   node examples/raw-trades.ts                             live venues, Bybit preferred
//   node examples/raw-trades.ts examples/simulated.yaml     with `market-feed simulate`
// In your own project, import from 'market-feed'.
import { loadConfig, MarketFeed } from '../src/index.ts';

const file = process.argv[2];
const feed = new MarketFeed(
  ['BTC', 'ETH', 'SOL'],
  file === undefined ? { venue: 'bybit' } : { config: loadConfig({ file }) },
);

// Prices and quantities are exact decimal text. Ids are text too, because Bybit's are too long for a number.
feed.subscribeTrades(({ symbol, price, quantity, isBuyerMaker, venue, epoch, tradeId }) =>
  console.log(`${symbol} ${isBuyerMaker ? 'sell' : 'buy'} ${quantity} at ${price}  ${venue} #${epoch} ${tradeId}`),
);

// Disconnections, missing data and failovers are events, never exceptions.
feed.subscribeStatus(({ state, venue, reason }) => {
  if (state !== 'heartbeat') console.error(`  ${state} ${venue ?? 'feed'}: ${reason}`);
});

// Raw frames, for data that the records do not have.
let bytes = 0;
feed.frames$.subscribe(({ data }) => {
  bytes += data.length;
});

process.once('SIGINT', () => {
  console.error(feed.getStatus(), `${bytes} bytes`, `BTC ${feed.getPrice('BTC')?.price}`);
  void feed.close();
});

// Resolves with the first data, however long that takes. Rejects only if the feed is closed first.
await feed.connect().catch((error: Error) => console.error(error.message));
