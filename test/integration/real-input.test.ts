import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { CaptureFormat } from '../../src/capture/capture-row.ts';
import type { VenueId } from '../../src/domain/instrument.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { recordings } from '../../testing/feeds/recordings.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { untilRecords } from '../../testing/judges/read-run.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { startMarketFeed, temporaryFolder, writeConfiguration } from '../../testing/processes/market-feed-process.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { runPython } from '../../testing/tools/python.ts';

let brokers: string[];
beforeAll(async () => {
  brokers = await sharedBrokers();
});

const recording = (name: string): string => join(recordings, name);

interface Session {
  readonly files: readonly string[];
  readonly format: CaptureFormat;
  readonly venue: VenueId;
  readonly coins: readonly string[];
  readonly quote?: string;
  readonly channels: readonly string[];
  readonly lines: number;
  /** Number of records that must be published, by topic. */
  readonly expected: Readonly<Record<string, number>>;
}

/** Serves a capture over a WebSocket. Runs the main job until all of it is in Kafka, then stops it. */
async function play({ files, format, venue, coins, quote = 'USDT', channels, lines, expected }: Session) {
  const simulator = await startSimulator({ capture: { files: files.map(recording), format, venue, speed: 'max' } });
  onTestFinished(() => simulator.close());
  const prefix = `${randomUUID()}.`;
  const config = await writeConfiguration(await temporaryFolder(), {
    ...simulatedValues(simulator, {
      coins,
      // After its end, the capture sends nothing. The feed must not reconnect then, because a new connection plays the
      // capture again.
      feed: { venues: [venue], channels, allow_test_data: false, stale_after_ms: 120_000 },
      venue: { lines },
    }),
    quote,
    kafka: { brokers, topic_prefix: prefix, partitions: 2 },
    gateway: { enabled: false },
  });
  const run = startMarketFeed('run', '--config', config);
  // The topics exist from then on.
  await run.logged('subscribed');
  const counts = Object.entries(expected).map(([topic, wanted]) =>
    untilRecords(brokers, `${prefix}simulated.${topic}`, wanted),
  );
  await Promise.all(counts);
  run.signal('SIGTERM');
  expect(await run.exited, run.stderr).toBe(0);
  const topics = [...new Set(['gaps', 'dead-letters', ...Object.keys(expected)])];
  const published = await python<Published>(
    'read_topic.py',
    ...topics.flatMap((topic) => ['--topic', `${prefix}simulated.${topic}`]),
  );
  const of = (topic: string) => published.filter((each) => each.topic === `${prefix}simulated.${topic}`);
  return {
    prefix: `${prefix}simulated.`,
    of,
    counts: Object.fromEntries(topics.map((topic) => [topic, of(topic).length])),
    stopped: run.log().find(({ undelivered }) => undelivered !== undefined),
  };
}

interface Published {
  readonly topic: string;
  readonly record: { readonly trade_id: string; readonly price: string };
}

async function python<T>(script: string, ...args: readonly string[]): Promise<T[]> {
  const { stdout, stderr, code } = await runPython(script, [
    ...args,
    '--brokers',
    brokers.join(','),
    '--schemas',
    'schemas',
  ]);
  expect(code, stderr).toBe(0);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

describe('captures of the real venues', () => {
  it('the 1,465 trades of Binance arrive once each over two lines, in order and with their values', async () => {
    const files = ['', '-next'].map((part) => `hftbacktest-binance-spot-btcusdt-20240808${part}.gz`);
    const { prefix, counts } = await play({
      files,
      format: 'hftbacktest',
      venue: 'binance',
      coins: ['BTC'],
      channels: ['trade', 'book_ticker'],
      lines: 2,
      expected: { trades: 1465, 'book-tickers': 5870 },
    });
    expect(counts).toMatchObject({ 'dead-letters': 0, gaps: 0 });
    const [found] = await python<{ trades: object }>(
      'check_recording.py',
      ...['--prefix', prefix, '--symbol', 'BTCUSDT', '--environment', 'simulated', ...files.map(recording)],
    );
    expect(found?.trades).toMatchObject({ count: 1465, first: '3735683259', last: '3735684723' });
    console.info(`recorded Binance session: ${JSON.stringify(found)}`);
  });

  it('the trades and the top of book of the Bybit testnet arrive without a malformed frame', async () => {
    const { of, counts, stopped } = await play({
      files: ['bybit-testnet-spot-mixed.ndjson'],
      format: 'ndjson',
      venue: 'bybit',
      coins: ['BTC'],
      channels: ['trade', 'book_ticker'],
      lines: 2,
      // The capture has 14 top-of-book frames, and 2 of them are repeats.
      expected: { trades: 8, 'book-tickers': 12 },
    });
    expect(counts).toMatchObject({ trades: 8, 'book-tickers': 12, 'dead-letters': 0, gaps: 0 });
    expect(stopped).toMatchObject({ venues: { bybit: { malformed: 0 } } });
    const trades = of('trades');
    expect(trades.map(({ record }) => Number(record.trade_id.slice(-3)))).toEqual([
      524, 528, 533, 534, 535, 536, 540, 544,
    ]);
    expect(trades[0]?.record).toMatchObject({ trade_id: '2100000000188691524', price: '77140.5' });
  });

  // In the suite, the tests of the recordings decode it.
  if (!isLong) return;

  it('the aggregated trades, candles and two gaps of Binance US arrive without a malformed frame', async () => {
    const { counts, stopped } = await play({
      files: ['binanceus-aggTrade.ndjson', 'binanceus-kline_1m.ndjson'],
      format: 'ndjson',
      venue: 'binance_us',
      coins: ['BTC', 'DOGE', 'HNT', 'MANA', 'MKR', 'SOL', 'USDT', 'VTHO', 'ZRX'],
      quote: 'USD',
      channels: ['agg_trade', 'kline_1m'],
      lines: 1,
      expected: { 'agg-trades': 187, klines: 3, gaps: 2 },
    });
    expect(counts).toMatchObject({ 'agg-trades': 187, klines: 3, gaps: 2, 'dead-letters': 0 });
    expect(stopped).toMatchObject({ venues: { binance_us: { malformed: 0 } } });
  });
});
