import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Fault } from '../../src/domain/fault.ts';
import type { FeedRecord, FeedStatus, TradeEvent } from '../../src/domain/record.ts';
import { readTopic } from '../../src/kafka/reading/read-topic.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { readJournal } from '../../testing/judges/journal.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { startMarketFeed, temporaryFolder, writeConfiguration } from '../../testing/processes/market-feed-process.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { limitMs } from '../../testing/tools/limit-ms.ts';
import { until } from '../../testing/tools/until.ts';

let brokers: string[];
beforeAll(async () => {
  brokers = await sharedBrokers();
});

/** Trades of Binance a second. */
const PER_SECOND = isLong ? 2000 : 400;
/** Longest time from the making of a trade to its arrival in a busy process, milliseconds. */
const ON_ITS_WAY_MS = 1500;
const WITHIN_MS = 5000;

/** Starts a simulator of Binance for the three coins of the configurations. */
async function startBinance(journal?: string): Promise<Simulator> {
  const rate = { bybit: 0, binance: PER_SECOND, binance_us: 0, binance_testnet: 0 };
  const simulator = await startSimulator({ rate, symbols: 3, journal });
  onTestFinished(() => simulator.close());
  return simulator;
}

async function recordsOf<K extends FeedRecord['kind']>(
  kind: K,
  topic: string,
): Promise<Extract<FeedRecord, { kind: K }>[]> {
  const records: Extract<FeedRecord, { kind: K }>[] = [];
  const isWanted = (record: FeedRecord): record is Extract<FeedRecord, { kind: K }> => record.kind === kind;
  for await (const { record } of readTopic(
    kafkaConfig(brokers),
    topic,
    { from: 'beginning', follow: false },
    () => {},
  )) {
    if (record instanceof Fault) throw record;
    if (isWanted(record)) records.push(record);
  }
  return records;
}

interface Moment {
  readonly signal: 'SIGTERM' | 'SIGINT';
  /** The last event in the log before the signal. */
  readonly after: string;
  /** Time from that event to the signal, milliseconds. */
  readonly thenMs: number;
  readonly lines: number;
}

const MORE_MOMENTS: readonly Moment[] = [
  { signal: 'SIGTERM', after: 'connected', thenMs: 0, lines: 1 },
  { signal: 'SIGTERM', after: 'subscribed', thenMs: 900, lines: 1 },
];

/** Runs the pipeline with a simulator under load, stops it at the moment, and returns what it stored. */
async function stopAt({ signal, after, thenMs, lines }: Moment) {
  const folder = await temporaryFolder();
  const journal = join(folder, 'journal.ndjson');
  const simulator = await startBinance(journal);
  const prefix = `${randomUUID()}.`;
  const config = await writeConfiguration(folder, {
    ...simulatedValues(simulator, {
      feed: { venues: ['binance'], channels: ['trade'], allow_test_data: false },
      venue: { lines },
    }),
    kafka: { brokers, topic_prefix: prefix, partitions: 2 },
    gateway: { enabled: false },
  });
  const run = startMarketFeed('run', '--config', config);
  await run.logged(after);
  await delay(thenMs);
  const askedAt = Date.now();
  run.signal(signal);
  const code = await run.exited;
  const tookMs = Date.now() - askedAt;
  await simulator.close();
  const log = run.log();
  return {
    code,
    tookMs,
    askedAt,
    log,
    summary: log.find(({ undelivered }) => undelivered !== undefined),
    stderr: run.stderr,
    prefix: `${prefix}simulated.`,
    /** In the order of making and sending. */
    sent: await readJournal(
      journal,
      ({ kind, sent, venue }) => kind === 'trade' && venue === 'binance' && sent.length > 0,
    ),
  };
}

const key = ({ symbol, id }: { symbol: string; id: string }) => `${symbol} ${id}`;
const keyOfTrade = ({ symbol, tradeId }: TradeEvent) => key({ symbol, id: tradeId });

function expectWholeStory(status: readonly FeedStatus[]): void {
  expect(status.map(({ sequence }) => sequence)).toEqual(status.map((_, index) => index + 1));
  expect(status.at(-1)).toMatchObject({ state: 'stopped' });
}

describe('a run that is stopped', () => {
  it.each<Moment>([
    { signal: 'SIGINT', after: 'subscribed', thenMs: 130, lines: 1 },
    { signal: 'SIGTERM', after: 'subscribed', thenMs: 1500, lines: 2 },
    ...(isLong ? MORE_MOMENTS : []),
  ])(
    'delivers all received trades and exits with 0 in 5 s: $signal $thenMs ms after $after, lines: $lines',
    async (moment) => {
      const { code, tookMs, askedAt, log, summary, stderr, prefix, sent: sentToAny } = await stopAt(moment);
      expect(code, stderr).toBe(0);
      expect(tookMs).toBeLessThan(limitMs(WITHIN_MS));
      expect(summary).toMatchObject({ undelivered: 0 });
      expectWholeStory(await recordsOf('status', `${prefix}feed-status`));

      // The journal is in the order of sending, for all symbols, and a connection keeps that order. So a closed
      // connection has delivered a prefix of what was sent to it. Both lines were sent the same trades, so together
      // they too have delivered a prefix. Nothing that was received is missing if the published trades are such a
      // prefix, and as many as were received.
      const published = await recordsOf('trade', `${prefix}trades`);
      expect(new Set(published.map(keyOfTrade)).size).toBe(published.length);
      // The line that subscribed later may deliver first, so a symbol starts with the first trade from either line.
      const first = new Map(published.toReversed().map(({ symbol, tradeId }) => [symbol, BigInt(tradeId)]));
      const sent = sentToAny.filter(({ symbol, id }) => moment.lines === 1 || BigInt(id) >= (first.get(symbol) ?? 0n));
      expect(published.map(keyOfTrade).sort()).toEqual(sent.slice(0, published.length).map(key).sort());
      // With one line, each frame is a trade or the answer to a subscription, and the feed counted its frames.
      if (moment.lines === 1) {
        const { frames } = (summary as { venues: { binance: { frames: number } } }).venues.binance;
        expect(published.length).toBe(frames - log.filter(({ event }) => event === 'subscribed').length);
      }
      // By the clock: trades that were sent long before the signal must be stored.
      const late = sent.slice(published.length).filter(({ time }) => time < askedAt - ON_ITS_WAY_MS);
      expect(late).toEqual([]);
      console.info(
        `${JSON.stringify(moment)}: in ${tookMs} ms; ${published.length} of ${sent.length} trades that were sent`,
      );
    },
    40_000,
  );

  it('exits with 0 within 5 s at several moments of its start', async () => {
    const simulator = await startBinance();
    for (const [index, afterMs] of (isLong ? [0, 250, 800] : [0, 800]).entries()) {
      const prefix = `${randomUUID()}.`;
      const config = await writeConfiguration(await temporaryFolder(), {
        ...simulatedValues(simulator, { feed: { venues: ['binance'], allow_test_data: false } }),
        kafka: { brokers, topic_prefix: prefix, partitions: 1 },
        gateway: { enabled: false },
      });
      const run = startMarketFeed('run', '--config', config);
      await until(() => run.stderr !== '');
      await delay(afterMs);
      const askedAt = performance.now();
      run.signal(index % 2 === 0 ? 'SIGTERM' : 'SIGINT');
      expect(await run.exited, `${afterMs} ms: ${run.stderr}`).toBe(0);
      expect(performance.now() - askedAt, `${afterMs} ms`).toBeLessThan(limitMs(WITHIN_MS));
      // If the run had begun, its last status record is `stopped`.
      if (run.stderr.includes('"connecting"'))
        expectWholeStory(await recordsOf('status', `${prefix}simulated.feed-status`));
    }
  });

  it('exits with 0 within 2 s if the brokers never answered', async () => {
    const simulator = await startBinance();
    const config = await writeConfiguration(await temporaryFolder(), {
      ...simulatedValues(simulator, { feed: { venues: ['binance'], allow_test_data: false } }),
      kafka: { brokers: ['127.0.0.1:1'] },
      gateway: { enabled: false },
    });
    const run = startMarketFeed('run', '--config', config);
    await expect.poll(() => run.stderr, { timeout: 20_000 }).toContain('127.0.0.1:1');
    await delay(1000);
    const askedAt = performance.now();
    run.signal('SIGTERM');
    expect(await run.exited, run.stderr).toBe(0);
    expect(performance.now() - askedAt).toBeLessThan(limitMs(2000));
  });
});
