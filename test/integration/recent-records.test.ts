import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { KafkaConfig } from '../../src/kafka/config.ts';
import { readTopic } from '../../src/kafka/reading/read-topic.ts';
import { AvroFileSink } from '../../src/sinks/avro-file/sink.ts';
import type { OutRecord, Recent, RecentOptions, SeriesCheckpoint, Sink } from '../../src/sinks/contract.ts';
import { readRecent } from '../../src/sinks/kafka/read-recent.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { newKafkaSink } from '../../testing/kafka/kafka-sink.ts';
import { sampleBookDelta, sampleTrade, sampleTradeStats } from '../../testing/records/sample-records.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { limitMs } from '../../testing/tools/limit-ms.ts';
import { testFolder } from '../sinks/avro-file/test-folder.ts';

const quiet = () => {};
const T = 1_732_000_000_000;
let brokers: string[];
beforeAll(async () => {
  brokers = await sharedBrokers();
});

const config = (over: Partial<KafkaConfig> = {}) => kafkaConfig(brokers, { topicPrefix: `${randomUUID()}.`, ...over });

const traded = (id: number, atMs: number, symbol = 'BTCUSDT'): OutRecord => {
  const timestamp = T + atMs;
  const of = { venue: 'binance', symbol, epoch: 1, timestamp, receivedAt: timestamp * 1000 };
  return { topic: 'trades', key: symbol, record: sampleTrade({ ...of, tradeId: String(id) }) };
};
const window = (endMs: number, symbol: string): OutRecord => {
  const windowEnd = T + endMs;
  const of = { venue: 'binance', symbol, epoch: 1, receivedAt: windowEnd * 1000 };
  const record = sampleTradeStats({ ...of, windowMs: 1000, windowStart: windowEnd - 1000, windowEnd });
  return { topic: 'trade-stats', key: symbol, record };
};
const checkpoint = (id: number, atMs: number, symbol = 'BTCUSDT'): SeriesCheckpoint => ({
  venue: 'binance',
  symbol,
  epoch: 1,
  environment: 'production',
  kind: 'trade',
  last: { id: String(id), timestamp: T + atMs },
});

async function writeAll(sink: Sink, records: readonly OutRecord[]): Promise<void> {
  for (let at = 0; at < records.length; at += 1000) {
    const outcomes = await sink.write(records.slice(at, at + 1000));
    expect(outcomes.every(({ kind }) => kind === 'delivered')).toBe(true);
  }
}

const idsOf = ({ trades }: Recent, symbol = 'BTCUSDT'): number[] =>
  trades.flatMap((trade) => (trade.symbol === symbol ? [Number(trade.tradeId)] : []));
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/**
 * Returns trades of 20 symbols in the order of time, with windows of one second. The rates go from 17 a second to one
 * in 20 s.
 */
function market(seconds: number): {
  readonly records: readonly OutRecord[];
  readonly checkpoints: readonly SeriesCheckpoint[];
} {
  const records: OutRecord[] = [];
  const checkpoints = new Map<string, SeriesCheckpoint>();
  const everyMs = range(0, 19).map((index) => Math.round(60 * 1.36 ** index));
  const counts = everyMs.map(() => 0);
  for (let at = 1; at <= seconds * 1000; at++) {
    for (const [index, every] of everyMs.entries()) {
      const symbol = `S${index}USDT`;
      if (at % every === index % every) {
        counts[index] = (counts[index] as number) + 1;
        records.push(traded(counts[index] as number, at, symbol));
        checkpoints.set(symbol, checkpoint(counts[index] as number, at, symbol));
      }
      if (at % 1000 === 0) records.push(window(at, symbol));
    }
  }
  return { records, checkpoints: [...checkpoints.values()] };
}

const options = (over: Partial<RecentOptions> = {}): RecentOptions => ({
  environmentPrefixes: [''],
  kind: 'trade',
  trades: 1000,
  spanMs: 62_000,
  checkpoints: [checkpoint(1, 0)],
  ...over,
});

describe('Sink.recent', () => {
  it('reads at most the last 1,000 trades of each of 20 symbols, and their windows, in little CPU time', async () => {
    const { records, checkpoints } = market(isLong ? 1000 : 400);
    const dir = await testFolder();
    const sinks = [newKafkaSink(config()), new AvroFileSink({ dir, rotateMb: 8, codec: 'deflate', now: () => T })];
    for (const sink of sinks) {
      await sink.open();
      await writeAll(sink, records);
      const started = performance.now();
      const before = process.cpuUsage();
      const found = await sink.recent(options({ checkpoints }));
      const tookMs = performance.now() - started;
      // Measures CPU time, because on a busy machine the elapsed time says little.
      const { user, system } = process.cpuUsage(before);
      const cpuMs = (user + system) / 1000;
      await sink.close();
      const { trades, windows, whole } = found;
      console.info(
        `recent, ${sink.name}: ${trades.length} trades and ${windows.length} windows of ${records.length} records in ${Math.round(tookMs)} ms, ${Math.round(cpuMs)} ms of CPU`,
      );
      expect(whole).toBe(true);
      expect(cpuMs).toBeLessThan(limitMs(isLong ? 2000 : 800));
      for (const { symbol, last: end } of checkpoints) {
        const last = Number(end?.id);
        const ids = idsOf(found, symbol);
        expect(ids).toEqual(range(last - ids.length + 1, last));
        if (last < 1000) continue;
        const isQuiet = last < 3000;
        if (isQuiet) expect(ids.length).toBe(1000);
        else expect(ids.length).toBeGreaterThanOrEqual(1000);
      }
      const lastAt = Math.max(...checkpoints.map(({ last }) => last?.timestamp ?? 0));
      expect(windows.map(({ windowEnd }) => windowEnd - lastAt > -62_000)).not.toContain(false);
      expect(windows).toHaveLength(20 * 63);
    }
  });

  it('skips foreign records and the fence markers in the topic', async () => {
    const of = config({ partitions: 1 });
    const first = newKafkaSink(of);
    await first.open();
    await first.write(range(1, 3).map((id) => traded(id, id)));
    const foreign = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).producer();
    await foreign.connect();
    const topic = `${of.topicPrefix}trades`;
    await foreign.send({
      topic,
      messages: [
        { key: 'BTCUSDT', value: '{"id":4}' },
        { key: 'BTCUSDT', value: null },
        { key: null, value: 'x' },
      ],
    });
    await foreign.disconnect();
    await first.close();
    for (const id of range(5, 8)) {
      // A start fences the previous writer, which leaves a marker in the topic.
      const sink = newKafkaSink(of);
      await sink.open();
      await sink.write([traded(id, id)]);
      await sink.close();
    }
    const last = newKafkaSink(of);
    await last.open();
    const found = await last.recent(options({ checkpoints: [checkpoint(8, 8)], trades: 6 }));
    await last.close();
    expect(idsOf(found)).toEqual([1, 2, 3, 5, 6, 7, 8]);
    expect(found.whole).toBe(true);
  });

  it('reads backwards in stretches without losing or repeating trades', async () => {
    const of = config({ partitions: 1 });
    const sink = newKafkaSink(of);
    await sink.open();
    const records = range(1, 30_000).map((id) => traded(id, id, id % 3000 === 0 ? 'ETHUSDT' : 'BTCUSDT'));
    await writeAll(sink, records);
    const checkpoints = [checkpoint(29_999, 29_999), checkpoint(30_000, 30_000, 'ETHUSDT')];
    const found = await sink.recent(options({ checkpoints, trades: 9, spanMs: 20_000 }));
    await sink.close();
    expect(idsOf(found, 'ETHUSDT')).toEqual(range(2, 10).map((n) => n * 3000));
    expect(idsOf(found)).toEqual(range(10_001, 29_999).filter((id) => id % 3000 !== 0));
  });

  it('reports if its limits end the span early, and does not read on for a rarely traded symbol', async () => {
    const of = config({ partitions: 1 });
    const sink = newKafkaSink(of);
    await sink.open();
    await writeAll(sink, [
      ...range(1, 5).map((id) => traded(id, id, 'ETHUSDT')),
      ...range(1, 40_000).map((id) => traded(id, id * 10)),
    ]);
    await sink.close();
    const exists = async (topic: string) => topic.endsWith('trades');
    const checkpoints = [checkpoint(40_000, 400_000), checkpoint(5, 5, 'ETHUSDT')];
    const read = (spanMs: number) =>
      readRecent(of, options({ checkpoints, spanMs }), exists, quiet, { span: 12_000, count: 8000 });
    // The two blocks that are read have 20,480 records, or 204 s. 30 s of them are a margin for records out of order,
    // so 180 s are too long.
    const [short, long] = [await read(60_000), await read(180_000)];
    expect([short.whole, long.whole]).toEqual([true, false]);
    expect(idsOf(short, 'ETHUSDT')).toEqual([]);
    expect(idsOf(short)).toEqual(range(34_001, 40_000));
    expect(idsOf(long)).toEqual(range(22_001, 40_000));
  });
});

describe('an order book of 5,000 levels a side', () => {
  it('is delivered to Kafka as one record, also with several books in a batch', async () => {
    const of = config({ partitions: 1 });
    const sink = newKafkaSink(of);
    await sink.open();
    const side = (from: number) =>
      range(0, 4999).map((index) => ({ price: `${from + index}.01`, quantity: `${index}.12345678` }));
    const books = range(1, 8).map((id) =>
      sampleBookDelta({ lastUpdateId: String(id), snapshot: true, bids: side(60_000), asks: side(70_000) }),
    );
    const outcomes = await sink.write(books.map((record) => ({ topic: 'book-deltas', key: record.symbol, record })));
    await sink.close();
    expect(outcomes.map(({ kind }) => kind)).toEqual(books.map(() => 'delivered'));
    const found: unknown[] = [];
    for await (const { record } of readTopic(
      of,
      `${of.topicPrefix}book-deltas`,
      { from: 'beginning', follow: false },
      quiet,
    ))
      found.push(record);
    expect(found).toEqual(books);
  });
});
