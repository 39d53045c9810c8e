import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { startSimulator } from '../../src/simulator/server.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { untilRecords } from '../../testing/judges/read-run.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { startMarketFeed, temporaryFolder, writeConfiguration } from '../../testing/processes/market-feed-process.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { runPython } from '../../testing/tools/python.ts';
import { root } from '../../testing/tools/tools.ts';

/** Length of the run in seconds. */
const duration = isLong ? 60 : 5;
/** In order of preference: the first venue serves, the second is its standby. */
const venues = ['binance', 'bybit'];
/** Trades of each venue a second. */
const PER_SECOND = isLong ? 2000 : 200;
const SYMBOLS = isLong ? 20 : 3;
const CHANNELS = ['trade', 'ticker', 'book_ticker', 'kline_1m', 'depth', 'agg_trade', 'mini_ticker'];

let brokers: string[];
beforeAll(async () => {
  brokers = await sharedBrokers();
});

interface Compared {
  readonly records: number;
  readonly symbols: number;
  /** Number of events between the first and the last published event that were not published. */
  readonly skipped: number;
  /** Number of events that were sent to the pipeline before the first and after the last published event. */
  readonly unsent: readonly [number, number];
}

it(
  `a run writes the journal's events of ${SYMBOLS} coins to Kafka: ${PER_SECOND} trades/s for ${duration} s`,
  async () => {
    const folder = await temporaryFolder();
    const journal = join(folder, 'journal.ndjson');
    const rate = { bybit: PER_SECOND, binance: PER_SECOND, binance_us: 0, binance_testnet: 0 };
    const simulator = await startSimulator({ rate, symbols: SYMBOLS, journal });
    onTestFinished(() => simulator.close());
    const prefix = `${randomUUID()}.`;
    const config = await writeConfiguration(folder, {
      ...simulatedValues(simulator, { feed: { venues, channels: CHANNELS, allow_test_data: false } }),
      ...(isLong ? { coins: join(root, 'config/coins.json') } : {}),
      kafka: { brokers, topic_prefix: prefix, ...(isLong ? {} : { partitions: 2 }) },
      gateway: { enabled: false },
    });
    const run = startMarketFeed('run', '--config', config);
    await run.logged('trading_resumed');
    // A busy machine needs more time for the same trades.
    await untilRecords(brokers, `${prefix}simulated.trades`, PER_SECOND * duration, duration * 5000 + 30_000);
    run.signal('SIGTERM');
    expect(await run.exited, run.stderr).toBe(0);
    await simulator.close();

    const { stdout, stderr, code } = await runPython('check_journal.py', [
      ...['--brokers', brokers.join(','), '--prefix', `${prefix}simulated.`, '--schemas', 'schemas'],
      ...['--journal', journal, '--venues', venues.join(',')],
    ]);
    expect(code, stderr).toBe(0);
    console.info(stdout.trim());
    const found = JSON.parse(stdout) as Record<string, Compared> & { readonly problems: readonly string[] };
    expect(found.problems).toEqual([]);
    for (const topic of ['trades', 'book_tickers', 'klines', 'agg_trades']) {
      const { symbols, skipped, unsent } = found[topic] as Compared;
      expect(symbols, topic).toBe(SYMBOLS);
      // If a line joins while others are ahead, its first events may be older than delivered ones. They are not
      // published.
      expect(skipped, `${topic} skipped`).toBeLessThan(topic.endsWith('trades') ? 1 : 20);
      expect(unsent[0], `${topic} before the first published`).toBe(0);
      // stop.test.ts checks `unsent[1]`, the events in flight when the connections closed, frame by frame.
    }
    expect(found.trades?.records).toBeGreaterThanOrEqual(PER_SECOND * duration);
    expect(run.log().find(({ undelivered }) => undelivered !== undefined)).toMatchObject({
      undelivered: 0,
      sinks: [{ rejected: 0, dropped: {} }],
      venues: Object.fromEntries(venues.map((venue) => [venue, { malformed: 0, reconnects: 0 }])),
    });
  },
  duration * 6000 + 90_000,
);
