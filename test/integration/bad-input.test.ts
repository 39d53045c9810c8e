import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import type { DeadLetter, FeedRecord } from '../../src/domain/record.ts';

import { monotonicScheduler } from '../../src/net/monotonic-scheduler.ts';
import { buildFeed } from '../../src/runtime/build-feed.ts';
import type { RunningFeed } from '../../src/runtime/running-feed.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { sendOn, VenueServer } from '../../testing/feeds/venue-server.ts';
import { until } from '../../testing/tools/until.ts';
import { type BadFrame, badFrames, goodTrade, type Protocol } from '../fixtures/bad-frames.ts';

const MEGABYTE = 1024 * 1024;
const LONGEST_PAYLOAD = 64 * 1024;
/** Number of large frames between the two measurements of memory. */
const LARGE_FRAMES = 20;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

interface Listening extends Disposable {
  readonly feed: RunningFeed;
  readonly records: FeedRecord[];
}

/** Starts the real feed with a venue that sends what the test wants. */
async function listen(protocol: Protocol, server: VenueServer, lines: number): Promise<Listening> {
  const feed = buildFeed(
    loadConfig({
      values: simulatedValues(server, {
        coins: ['BTC', 'ETH'],
        // A line must not become stale while a slow machine reads a large frame.
        feed: { venues: [protocol], channels: ['trade', 'ticker', 'book_ticker'], stale_after_ms: 60_000 },
        venue: { lines, reconnect: { initial_delay_ms: 20, max_delay_ms: 50 } },
      }),
    }),
    { scheduler: monotonicScheduler, wallClockMs: Date.now, instance: randomUUID() },
  );
  const records: FeedRecord[] = [];
  feed.output$.subscribe((output) => records.push(...output.records));
  feed.start();
  await until(() => server.lines.length === lines);
  return { feed, records, [Symbol.dispose]: () => feed.stop('the test is over') };
}

function tradeIds(records: readonly FeedRecord[]): string[] {
  return records.flatMap((record) => (record.kind === 'trade' ? [record.tradeId] : []));
}

function deadLetters(records: readonly FeedRecord[]): DeadLetter[] {
  return records.filter((record) => record.kind === 'dead_letter');
}

/** Returns the bytes of the heap and of buffers after a garbage collection. */
function retainedBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe.each(['binance', 'bybit'] as const)('the feed when it receives bad frames from %s', (protocol) => {
  it('turns each bad frame into a dead letter or a count, and publishes the good trades in order', async () => {
    const bad = badFrames(protocol);
    await using server = await VenueServer.start(protocol);
    using listening = await listen(protocol, server, 1);
    const { feed, records } = listening;
    const before = process.memoryUsage().rss;
    await server.send(goodTrade(protocol, 0).text);
    for (const [index, { data, binary }] of bad.entries()) {
      await server.send(data, binary);
      await server.send(goodTrade(protocol, index + 1).text);
    }
    await until(() => tradeIds(records).length > bad.length, {
      timeoutMs: 60_000,
      message: () => `${tradeIds(records).length} of ${bad.length + 1} good trades`,
    });
    const grownMb = (process.memoryUsage().rss - before) / MEGABYTE;

    expect(tradeIds(records)).toEqual(
      Array.from({ length: bad.length + 1 }, (_, index) => goodTrade(protocol, index).tradeId),
    );
    const malformed = bad.filter(({ expect: outcome }) => outcome === 'malformed');
    const letters = deadLetters(records);
    expect(letters).toHaveLength(malformed.length);
    for (const [index, frame] of malformed.entries()) expectLetter(letters[index] as DeadLetter, frame, protocol);
    expect(bad.length).toBeGreaterThanOrEqual(40);

    const { counts } = feed.venues[0] as RunningFeed['venues'][number];
    expect(counts.malformed).toBe(malformed.length);
    expect(Object.fromEntries(counts.ignored)).toEqual(countedBy(bad, ({ reason }) => reason));
    expect(Object.fromEntries(counts.warnings)).toEqual(countedBy(bad, ({ warning }) => warning));
    expect(counts.warnings.get('inverted_spread')).toBe(1);
    const books = records.flatMap((record) =>
      record.kind === 'book_ticker' ? [`${record.bidPrice} ${record.askPrice}`] : [],
    );
    const withdrawn = ['null 2', '2 null', 'null null', ...(protocol === 'bybit' ? ['null 2', '2 null'] : [])];
    expect(books).toEqual(['3 2', '2 2', ...withdrawn]);
    const states = records.flatMap((record) => (record.kind === 'status' ? [record.state] : []));
    expect(states).not.toContain('disconnected');
    expect(records.some(({ kind }) => kind === 'gap')).toBe(false);
    console.log(
      `${protocol}: ${bad.length} kinds (${malformed.length} dead letters), resident memory +${grownMb.toFixed(0)} MB`,
    );
    expect(grownMb).toBeLessThan(600);
  });

  it('closes only the connection that receives a frame of 40 MB, and publishes no gap', async () => {
    await using server = await VenueServer.start(protocol);
    using listening = await listen(protocol, server, 2);
    const { feed, records } = listening;
    let next = 0;
    const good = async (count: number) => {
      for (let sent = 0; sent < count; sent++) await server.send(goodTrade(protocol, next++).text);
      await until(() => tradeIds(records).length === next, { message: () => `${tradeIds(records).length} of ${next}` });
    };
    await good(20);
    const hit = server.lines[0];
    if (hit === undefined) throw new Error('no line');
    const sent = sendOn(hit, JSON.stringify({ note: 'x'.repeat(40 * MEGABYTE) }));
    await good(20);
    await sent;
    await until(() => records.some((record) => record.kind === 'status' && record.state === 'disconnected'));
    await good(20);
    await until(() => server.lines.length === 2 && !server.lines.includes(hit));
    await good(20);

    expect(tradeIds(records)).toEqual(Array.from({ length: next }, (_, index) => goodTrade(protocol, index).tradeId));
    expect(Object.fromEntries(feed.venues[0]?.counts.ignored ?? [])).toEqual({ frame_too_large: 1 });
    const lost = records.flatMap((record) =>
      record.kind === 'status' && record.state === 'disconnected' ? [record.details] : [],
    );
    expect(lost).toEqual([expect.objectContaining({ status: '1009' })]);
    for (const kind of ['gap', 'dead_letter']) expect(records.filter((record) => record.kind === kind)).toEqual([]);
  });

  it('retains less than 10 MB of memory after many malformed frames of 20 MB', async () => {
    await using server = await VenueServer.start(protocol);
    using listening = await listen(protocol, server, 1);
    const large = Buffer.from(`{"note":"${'x'.repeat(20 * MEGABYTE)}"}`);
    const flood = async (letters: number) => {
      while (deadLetters(listening.records).length < letters) {
        const seen = deadLetters(listening.records).length;
        await server.send(large);
        await until(() => deadLetters(listening.records).length > seen, { everyMs: 1 });
      }
    };
    await flood(3);
    const before = retainedBytes();
    const residentBefore = process.memoryUsage().rss;
    await flood(3 + LARGE_FRAMES);
    // A socket may still hold the last frame for a moment.
    const kept = () => (retainedBytes() - before) / MEGABYTE;
    await until(() => kept() < 10, { timeoutMs: 60_000, message: 'the frames are let go' });
    const keptMb = kept();
    const grownMb = (process.memoryUsage().rss - residentBefore) / MEGABYTE;
    console.log(
      `${protocol}: ${LARGE_FRAMES} frames of 20 MB: kept ${keptMb.toFixed(1)} MB (their dead letters: ${((LARGE_FRAMES * LONGEST_PAYLOAD) / MEGABYTE).toFixed(1)} MB), resident memory +${grownMb.toFixed(0)} MB`,
    );
    expect(grownMb).toBeLessThan(200);
  });
});

function expectLetter(letter: DeadLetter, { name, data, field }: BadFrame, protocol: Protocol): void {
  const sent = Buffer.from(data);
  expect(letter, name).toMatchObject({ venue: protocol, stage: 'decode', environment: 'simulated' });
  if (field !== undefined) expect(letter.reason, name).toContain(field);
  expect(letter.reason, name).not.toBe('');
  expect(letter.receivedAt / 1000, name).toBeGreaterThan(Date.now() - 120_000);
  expect(Buffer.compare(letter.payload, sent.subarray(0, LONGEST_PAYLOAD)), name).toBe(0);
  if (sent.length > LONGEST_PAYLOAD) expect(letter.reason, name).toContain(`payload cut: ${sent.length} bytes`);
  else expect(letter.reason, name).not.toContain('payload cut');
}

function countedBy(frames: readonly BadFrame[], key: (frame: BadFrame) => string | undefined): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const frame of frames) {
    const name = key(frame);
    if (name !== undefined) counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
