/**
 * Writes trades with rising ids into a Parquet sink, from where the folder ends: `node parquet-writer.ts DIR ROTATE_MB`.
 * Prints the id where it resumes, then the last id of each acknowledged batch. Ends cleanly when stdin ends.
 */

import { someTrades } from '../../bench/trades/some-trades.ts';
import { ParquetSink } from '../../src/sinks/parquet/sink.ts';

const PER_BATCH = 200;
const [dir = '', rotateMb = ''] = process.argv.slice(2);
const options = {
  rotateMb: Number(rotateMb),
  rotateMinutes: 60,
  now: Date.now,
  closeTimeoutMs: Number.POSITIVE_INFINITY,
};
const sink = new ParquetSink({ dir, ...options });
await sink.open();
const [found] = await sink.checkpoints({ environmentPrefixes: [''], kinds: ['trade'] });
const epoch = { venue: 'binance', symbol: 'BTCUSDT', epoch: 1, timestamp: 0, environment: 'production' } as const;
if (found === undefined) {
  await sink.write([{ topic: 'positions', key: 'BTCUSDT', record: { kind: 'position', tradeId: null, ...epoch } }]);
}
let last = Number(found?.last?.id ?? 0);
console.log(last);
let isOver = false;
process.stdin.on('end', () => {
  isOver = true;
});
process.stdin.resume();
const trades = someTrades(PER_BATCH);
while (!isOver) {
  const batch = trades.map((trade, index) => ({
    topic: 'trades',
    key: trade.symbol,
    record: { ...trade, tradeId: String(last + index + 1) },
  }));
  const outcomes = await sink.write(batch);
  if (outcomes.some(({ kind }) => kind !== 'delivered')) throw new Error('a trade was not delivered');
  last += PER_BATCH;
  console.log(last);
}
await sink.close();
