import { connectTopics } from '../../src/client/index.ts';

/**
 * A member of a group as a process of its own, which a test may kill: brokers, topic prefix and group as arguments; a
 * line a trade, SYMBOL ID. The empty group: none. `close` on its input closes it, and it has to end by itself.
 */
const [brokers = '', topicPrefix = '', group = ''] = process.argv.slice(2);
const market = await connectTopics({
  brokers: brokers.split(','),
  topicPrefix,
  ...(group === '' ? {} : { group }),
  onWarning: ({ kind, topic }) => console.error(kind, topic),
});
market.trades$().subscribe(({ symbol, tradeId }) => console.log(`${symbol} ${tradeId}`));
await market.ready();
console.log('ready');
process.stdin.once('data', async () => {
  process.stdin.destroy();
  await market.close();
});
