// Trades in a process of your own, without Kafka: who traded what, where, and what became of the feed meanwhile.
//   node examples/raw-trades.ts                             live, Bybit preferred
//   node examples/raw-trades.ts examples/simulated.yaml     against `market-feed simulate`
// In a project of yours import from 'market-feed'.
import { loadConfig, MarketFeed } from '../src/index.ts';

const file = process.argv[2];
const feed = new MarketFeed(
  ['BTC', 'ETH', 'SOL'],
  file === undefined ? { venue: 'bybit' } : { config: loadConfig({ file }) },
);

// Prices and quantities are decimal text, exact. Ids too: Bybit's have more digits than a number holds.
feed.subscribeTrades(({ symbol, price, quantity, isBuyerMaker, venue, epoch, tradeId }) =>
  console.log(`${symbol} ${isBuyerMaker ? 'sell' : 'buy'} ${quantity} at ${price}  ${venue} #${epoch} ${tradeId}`),
);

// Loss is data: disconnections, silence and failovers are events, never an exception.
feed.subscribeStatus(({ state, venue, reason }) => {
  if (state !== 'heartbeat') console.error(`  ${state} ${venue ?? 'feed'}: ${reason}`);
});

// Raw frames, for what the records do not carry.
let bytes = 0;
feed.frames$.subscribe(({ data }) => {
  bytes += data.length;
});

process.once('SIGINT', () => {
  console.error(feed.getStatus(), `${bytes} bytes`, `BTC ${feed.getPrice('BTC')?.price}`);
  void feed.close();
});

// Resolves with the first data, however long that takes; rejects only when the feed is closed before.
await feed.connect().catch((error: Error) => console.error(error.message));
