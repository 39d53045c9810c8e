import { loadConfig, MarketFeed } from '../../src/index.ts';
import { simulatedValues } from '../feeds/simulated-feed.ts';

/**
 * A user's script, which runs as a process of its own. It connects to a simulator (two addresses as arguments), counts
 * trades, closes the feed, and must end by itself.
 */
const [url = '', httpUrl = ''] = process.argv.slice(2);
const feed = new MarketFeed(['BTC', 'ETH'], {
  venue: 'bybit',
  config: loadConfig({ values: simulatedValues({ url, httpUrl }) }),
});
let trades = 0;
feed.subscribeTrades(() => trades++);
await feed.connect();
while (trades < 20) await new Promise((resolve) => setTimeout(resolve, 20));
await feed.close();
const closedAt = performance.now();
process.on('exit', () => console.log(JSON.stringify({ trades, ended_after_ms: performance.now() - closedAt })));
