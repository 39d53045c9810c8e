import { connectTopics } from '../../src/client/index.ts';

/**
 * A member of a consumer group in a process of its own, which a test may kill. Arguments: brokers, topic prefix, group
 * (empty: none). It prints each trade as SYMBOL ID. After the text `close` on stdin it closes the client, and the
 * process must end by itself.
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
