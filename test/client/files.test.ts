import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type ClientOptions, connectTopics, type Market } from '../../src/client/index.ts';
import { fileSource } from '../../src/client/source/file-source.ts';
import type { TopicHandler } from '../../src/client/source/source.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import type { Sink } from '../../src/sinks/contract.ts';
import { tradeEvent } from '../../testing/judges/events.ts';
import { sampleInstrument } from '../../testing/records/sample-records.ts';
import { until } from '../../testing/tools/until.ts';
import { openSink, testFolder } from '../sinks/avro-file/test-folder.ts';
import { outRecords } from '../sinks/out-records.ts';
import { heartbeat, priceNow } from './published-topics.ts';

async function connect(options: ClientOptions): Promise<Market> {
  const market = await connectTopics(options);
  onTestFinished(() => market.close());
  return market;
}

async function write(sink: Sink, ...records: readonly FeedRecord[]): Promise<void> {
  await sink.write(outRecords(...records));
}

it('a client reads prices, heartbeats and trades from the folder of a file sink, without duplicates', async () => {
  const dir = await testFolder();
  const sink = await openSink(dir);
  await write(sink, priceNow('BTCUSDT', '1'), priceNow('BTCUSDT', '2'), heartbeat(1, ['BTCUSDT']), tradeEvent(1));
  const market = await connect({ dir, resumeAfterMs: 0 });
  expect(market.latest('BTC')?.price).toBe('2');
  // Earlier records may belong to a feed that has ended, so only a live heartbeat and a live price count.
  expect(market.guard().decision('BTC')).toMatchObject({ state: 'halted' });
  await write(sink, heartbeat(2, ['BTCUSDT']), priceNow('BTCUSDT', '2'));
  await until(() => market.guard().isAllowed('BTC'), { message: () => market.guard().decision('BTC').reason });
  const ids: string[] = [];
  market.trades$('BTC').subscribe(({ tradeId }) => ids.push(tradeId));
  await market.ready();
  await write(sink, tradeEvent(2), tradeEvent(2), tradeEvent(3), priceNow('BTCUSDT', '3'));
  await until(() => ids.length === 2 && market.latest('BTC')?.price === '3');
  expect(ids).toEqual(['2', '3']);
  expect(market.lag().trades).toEqual({ ms: 0, records: 0 });
});

it('a folder without a topic of the environment is refused with what it has, and so is an undefined coin', async () => {
  const dir = await testFolder();
  await expect(connect({ dir })).rejects.toThrow(`no topic such as prices in ${dir}; there are: nothing`);
  const sink = await openSink(dir);
  await write(sink, priceNow('BTCUSDT', '1'));
  for (const [environment, topic] of [
    ['simulated', 'simulated.prices'],
    ['testnet', 'testnet.prices'],
  ] as const)
    await expect(connect({ dir, environment })).rejects.toThrow(
      new RegExp(`^no topic such as ${topic} in .*; there are: .*\\bprices\\b`),
    );
  const market = await connect({ dir });
  const message = 'coin: found nothing, allowed: a coin or symbol such as BTC';
  const coin = undefined as unknown as string;
  expect(() => market.latest(coin)).toThrow(message);
  expect(() => market.trades$(coin)).toThrow(message);
  expect(() => market.instrument$(coin)).toThrow(message);
});

it.each([
  ['is still empty', (whole: Buffer) => whole.subarray(0, 0), '1'],
  ['has an incomplete header', (whole: Buffer) => whole.subarray(0, 40), '1'],
  ['ends in the middle of a block', (whole: Buffer) => whole.subarray(0, -1), '2'],
  ['ends with the first byte of a block', (whole: Buffer) => Buffer.concat([whole, Buffer.of(2)]), '3'],
  ['has a broken block', (whole: Buffer) => whole.fill(0xff, whole.length - 60, whole.length - 20), '1'],
] as const)('a client finds the last readable price when the open file %s', async (_, damage, price) => {
  const dir = await testFolder();
  const closed = await openSink(dir);
  await write(closed, priceNow('BTCUSDT', '1'));
  await closed.close();
  const sink = await openSink(dir);
  await write(sink, priceNow('BTCUSDT', '2'));
  await write(sink, priceNow('BTCUSDT', '3'));
  const part = join(dir, 'prices', '20261121T083100-0000000002.avro.part');
  await writeFile(part, damage(await readFile(part)));
  const market = await connect({ dir });
  expect(market.latest('BTC')?.price).toBe(price);
});

it('a client gets the last instrument record of each venue, then each change, also as a second subscriber', async () => {
  const dir = await testFolder();
  const sink = await openSink(dir);
  const record = (venue: string, status: string, receivedAt: number, coin = 'BTC') =>
    sampleInstrument({ venue, status, receivedAt, coin, symbol: `${coin}USDT` });
  await write(
    sink,
    record('bybit', 'trading', 1),
    record('binance', 'trading', 2),
    record('bybit', 'trading', 3, 'ETH'),
  );
  const market = await connect({ dir });
  const seenBy = (...asked: [] | [coin: string]): string[] => {
    const seen: string[] = [];
    market.instrument$(...asked).subscribe(({ venue, status, coin }) => seen.push(`${coin} ${venue} ${status}`));
    return seen;
  };
  const first = seenBy('BTC');
  await until(() => first.length === 2);
  await write(sink, record('bybit', 'halted', 4));
  await until(() => first.length === 3);
  expect(first).toEqual(['BTC bybit trading', 'BTC binance trading', 'BTC bybit halted']);
  expect(seenBy()).toEqual(['BTC bybit halted', 'BTC binance trading', 'ETH bybit trading']);
});

it('a client reads files from the beginning or from a given receive time', async () => {
  const dir = await testFolder();
  const sink = await openSink(dir);
  await write(sink, ...[1, 2, 3].map((id) => tradeEvent(id, { receivedAt: id * 1_000_000 })));
  const idsFrom = async (from: 'beginning' | Date, count: number): Promise<string[]> => {
    const market = await connect({ dir, from });
    const ids: string[] = [];
    for await (const { tradeId } of market.read('trades')) if (ids.push(tradeId) === count) break;
    return ids;
  };
  expect(await idsFrom('beginning', 3)).toEqual(['1', '2', '3']);
  expect(await idsFrom(new Date(2000), 2)).toEqual(['2', '3']);
});

it('the file source keeps reporting 0 unread records while it waits for a topic or for records', async () => {
  const dir = await testFolder();
  const answers: [number, number][] = [];
  const handler: TopicHandler = {
    started: () => {},
    updateLag: (partition, behind) => answers.push([partition, behind]),
    take: async () => {},
    settled: async () => {},
    lost: () => {},
    readFailed: () => {},
    positions: () => new Map(),
    committable: () => new Map(),
    keepOnly: () => {},
  };
  const stop = new AbortController();
  const following = fileSource(dir, 'end').follow('trades', handler, stop.signal);
  await until(() => answers.length >= 2, { message: 'answers of a topic that is not there yet' });
  const sink = await openSink(dir);
  await write(sink, tradeEvent(1));
  const before = answers.length;
  await until(() => answers.length >= before + 3, { message: 'answers of an open file' });
  stop.abort();
  await following;
  expect(new Set(answers.map(String))).toEqual(new Set(['0,0']));
});

it('connectTopics rejects with the path of a folder that does not exist', async () => {
  const dir = join(await testFolder(), 'none');
  await expect(connectTopics({ dir })).rejects.toMatchObject({ name: 'Fault', message: `no folder ${dir}` });
});

it('a closed client completes all its streams and refuses to read', async () => {
  const dir = await testFolder();
  await write(await openSink(dir), priceNow('BTCUSDT', '1'));
  const market = await connect({ dir });
  const ended: string[] = [];
  market.trades$().subscribe({ complete: () => ended.push('trades') });
  market.prices$().subscribe({ complete: () => ended.push('prices') });
  market.lag$.subscribe({ complete: () => ended.push('lag') });
  market.warnings$.subscribe({ complete: () => ended.push('warnings') });
  market.trading$('BTC').subscribe({ complete: () => ended.push('trading') });
  const next = market.read('klines').next();
  await market.close();
  expect(ended.toSorted()).toEqual(['lag', 'prices', 'trades', 'trading', 'warnings']);
  expect(await next).toEqual({ done: true, value: undefined });
  expect(() => market.read('trades')).toThrow('the client is closed');
});
