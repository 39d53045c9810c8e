import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncScheduler } from 'rxjs';
import { expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import { serveTopics } from '../../src/serving/serve-topics.ts';
import { topicsSource } from '../../src/serving/topics-source.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { freePort } from '../../testing/processes/free-port.ts';
import { sampleBookDelta, sampleOrderBook } from '../../testing/records/sample-records.ts';
import { until } from '../../testing/tools/until.ts';
import { heartbeat, priceNow } from '../client/published-topics.ts';
import { openSink, testFolder } from '../sinks/avro-file/test-folder.ts';
import { outRecords } from '../sinks/out-records.ts';
import { VirtualClock } from '../sinks/virtual-clock.ts';

interface Line {
  readonly event?: string;
  readonly url?: string;
}

/** Starts `market-feed gateway` with these values, and returns its address. */
async function serve(values: object) {
  const lines: Line[] = [];
  const stopping = new AbortController();
  const served = serveTopics(
    loadConfig({ values: { coins: ['BTC'], gateway: { port: await freePort() }, ...values } }),
    {
      log: createLog({ level: 'info', destination: { write: (json) => void lines.push(JSON.parse(json) as Line) } }),
      signal: stopping.signal,
    },
  );
  onTestFinished(async () => {
    stopping.abort();
    await served;
  });
  const events = (name: string) => lines.filter(({ event }) => event === name);
  await until(() => events('gateway').length > 0);
  const url = events('gateway')[0]?.url ?? '';
  const get = (path: string) => fetch(new URL(path, url));
  const reasons = async () => {
    const { details } = (await (await get('/readyz')).json()) as { details: { reasons: readonly string[] } };
    return details.reasons.join('; ');
  };
  return { events, get, reasons };
}

/** Creates a folder with the topic `prices`, which has no record yet. It is deleted when the test ends. */
async function folderWithTopic(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'topics-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  await mkdir(join(dir, 'prices'));
  return dir;
}

it('serveTopics is healthy from the start, and reports that it is not ready while no broker answers', async () => {
  const { events, get, reasons } = await serve({ kafka: { brokers: [`127.0.0.1:${await freePort()}`] } });
  expect(events('gateway')).toMatchObject([{ needs_token: false }]);
  expect((await get('/healthz')).status).toBe(200);
  expect((await get('/readyz')).status).toBe(503);
  await until(() => events('topics_unavailable').length > 0);
  expect((await get('/healthz')).status).toBe(200);
  expect((await get('/readyz')).status).toBe(503);
  expect(await reasons()).toMatch(/^topics: .*127\.0\.0\.1/);
  expect(await (await get('/metrics')).text()).toContain('\nmarket_feed_ready 0\n');
  expect(events('topics_read')).toEqual([]);
});

it('topicsSource reports that the topics are not read up to the present, until they are', async () => {
  const dir = await folderWithTopic();
  const stopping = new AbortController();
  const scheduler = new VirtualClock();
  const source = topicsSource({
    config: loadConfig({ values: { coins: ['BTC'], sinks: ['file'], file: { dir } } }),
    log: () => {},
    signal: stopping.signal,
    scheduler,
    wallClockMs: Date.now,
  });
  onTestFinished(async () => {
    stopping.abort();
    await source.close();
  });
  expect(source.behind).toBe('topics: not connected yet');
  void source.start();
  // No time passes in between, so nothing counts as read yet.
  await until(() => source.behind !== 'topics: not connected yet');
  expect(source.behind).toBe('topics: not read up to the present yet');
  await until(async () => {
    await scheduler.advance(250);
    return source.behind === undefined;
  });
});

it('topicsSource emits the last price of every symbol of a cluster once', async () => {
  const dir = await testFolder();
  const sink = await openSink(dir);
  const write = (...records: readonly FeedRecord[]) => sink.write(outRecords(...records));
  const beats = (...sequences: readonly number[]) =>
    sequences.flatMap((sequence) => [
      heartbeat(sequence, ['BTCUSDT'], { instance: 'a' }),
      heartbeat(sequence, ['ETHUSDT', 'SOLUSDT'], { instance: 'b' }),
    ]);
  await write(priceNow('BTCUSDT', '1'), priceNow('ETHUSDT', '2'), priceNow('SOLUSDT', '3'), ...beats(1));
  const stopping = new AbortController();
  const source = topicsSource({
    config: loadConfig({ values: { coins: ['BTC', 'ETH', 'SOL'], sinks: ['file'], file: { dir } } }),
    log: () => {},
    signal: stopping.signal,
    scheduler: asyncScheduler,
    wallClockMs: Date.now,
  });
  onTestFinished(async () => {
    stopping.abort();
    await source.close();
  });
  const prices: string[] = [];
  let beatsSeen = 0;
  source.records$.subscribe((records) => {
    for (const record of records)
      if (record.kind === 'price') prices.push(`${record.symbol} ${record.price}`);
      else if (record.kind === 'status') beatsSeen++;
  });
  await source.start();
  await write(...beats(2, 3));
  await until(() => beatsSeen === 6);
  expect(prices).toEqual(['BTCUSDT 1', 'ETHUSDT 2', 'SOLUSDT 3']);
  // A symbol with a tick needs no last price, which could be older.
  await write(priceNow('XRPUSDT', '4'));
  await until(() => prices.length === 4);
  await write(heartbeat(4, ['BTCUSDT', 'XRPUSDT'], { instance: 'a' }));
  await until(() => beatsSeen === 7);
  expect(prices.slice(3)).toEqual(['XRPUSDT 4']);
});

it('serveTopics computes book figures from the whole book in book-deltas, not from the published levels', async () => {
  const dir = await testFolder();
  const sink = await openSink(dir);
  const side = (count: number, from: number) =>
    Array.from({ length: count }, (_, at) => ({ price: String(from + at * Math.sign(from - 99.5)), quantity: '1' }));
  const levels = (count: number) => ({ bids: side(count, 99), asks: side(count, 100) });
  const records = [
    sampleBookDelta({ snapshot: true, lastUpdateId: '7', receivedAt: Date.now() * 1000, ...levels(40) }),
    sampleOrderBook({ venue: 'binance', updateId: '7', receivedAt: Date.now() * 1000, ...levels(20) }),
  ];
  await sink.write(outRecords(...records));
  const { get } = await serve({ sinks: ['file'], file: { dir } });
  const summary = async () => (await (await get('/api/assets/crypto/BTC/depth-summary')).json()) as object;
  await until(async () => 'levels_known' in (await summary()));
  expect(await summary()).toMatchObject({ levels_known: 40, price_range: { low: '60', high: '139' } });
});

it('serveTopics waits only for a heartbeat of the feed after the topics are read', async () => {
  const dir = await folderWithTopic();
  const { events, reasons } = await serve({ sinks: ['file'], file: { dir } });
  await until(() => events('topics_read').length > 0);
  expect(await reasons()).toBe('feed: no heartbeat of the feed yet');
});
