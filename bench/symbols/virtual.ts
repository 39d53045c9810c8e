/**
 * Measures the cost of a symbol for the pipeline alone, in virtual time: the same number of trades over 20 symbols and
 * over 2,000, in turn second by second. ARGS: --rate N (20000), --seconds N (20), --lines N (2),
 * --channels trade,ticker, --few N, --many N.
 */
import { parseArgs } from 'node:util';
import { median } from '../measure.ts';
import { VirtualFeed } from './virtual-feed.ts';

const WARM_UP_SECONDS = 8;

const { values: flags } = parseArgs({
  options: {
    rate: { type: 'string', default: '20000' },
    seconds: { type: 'string', default: '20' },
    lines: { type: 'string', default: '2' },
    channels: { type: 'string', default: 'trade,ticker' },
    few: { type: 'string', default: '20' },
    many: { type: 'string', default: '2000' },
  },
});
const [few, many] = [flags.few, flags.many].map(
  (symbols) =>
    new VirtualFeed({
      symbols: Number(symbols),
      rate: Number(flags.rate),
      lines: Number(flags.lines),
      channels: flags.channels.split(','),
    }),
) as [VirtualFeed, VirtualFeed];
const costs = new Map([few, many].map((feed) => [feed, [] as number[]]));
for (const feed of costs.keys()) await feed.start();
for (let second = 0; second < WARM_UP_SECONDS + Number(flags.seconds); second++) {
  for (const [feed, own] of costs) {
    const before = feed.published;
    const cpu = await feed.run();
    if (second >= WARM_UP_SECONDS) own.push(cpu / (feed.published - before));
  }
}
const [ofFew, ofMany] = [few, many].map((feed) => median(costs.get(feed) ?? [])) as [number, number];
for (const [name, feed, cost] of [
  [flags.few, few, ofFew],
  [flags.many, many, ofMany],
] as const) {
  const perTrade = feed.records / feed.published;
  console.log(
    `${name} symbols: ${cost.toFixed(1)} µs CPU a trade, ${perTrade.toFixed(2)} records a trade, ` +
      `${feed.published} of ${feed.trades} trades published`,
  );
  feed.stop();
}
console.log(`${flags.many} / ${flags.few} symbols: ${(ofMany / ofFew).toFixed(2)} times the CPU a trade`);
process.exit();
