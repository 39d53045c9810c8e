import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { beforeAll, expect, it } from 'vitest';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import {
  startMarketFeed,
  startSimulate,
  temporaryFolder,
  writeConfiguration,
} from '../../testing/processes/market-feed-process.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { runPython } from '../../testing/tools/python.ts';
import { root } from '../../testing/tools/tools.ts';
import { until } from '../../testing/tools/until.ts';

/** Length of the run in seconds. */
const duration = isLong ? 60 : 5;
/** In order of preference: the first venue serves, the second is its standby. */
const venues = ['binance', 'bybit'];
const PER_SECOND = isLong ? 2000 : 1000;
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

/** Waits until the topic has this many records. */
async function untilPublished(topic: string, count: number, timeoutMs: number): Promise<void> {
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const published = async () =>
      (await admin.fetchTopicOffsets(topic)).reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
    await until(async () => (await published()) >= count, { timeoutMs, everyMs: 250, message: `${count} in ${topic}` });
  } finally {
    await admin.disconnect();
  }
}

it(
  `a run writes the journal's events of 20 coins to Kafka: ${PER_SECOND} trades/s for ${duration} s`,
  async () => {
    const folder = await temporaryFolder();
    const journal = join(folder, 'journal.ndjson');
    const simulate = await startSimulate('--rate', `${PER_SECOND}`, '--symbols', '20', '--journal', journal);
    const prefix = `${randomUUID()}.`;
    const config = await writeConfiguration(folder, {
      ...simulatedValues(simulate, { feed: { venues, channels: CHANNELS, allow_test_data: false } }),
      coins: join(root, 'config/coins.json'),
      kafka: { brokers, topic_prefix: prefix },
      gateway: { enabled: false },
    });
    const run = startMarketFeed('run', '--config', config);
    await run.logged('trading_resumed');
    // A busy machine needs more time for the same trades.
    await untilPublished(`${prefix}simulated.trades`, PER_SECOND * duration, duration * 5000 + 30_000);
    run.signal('SIGTERM');
    expect(await run.exited, run.stderr).toBe(0);
    simulate.signal('SIGTERM');
    expect(await simulate.exited, simulate.stderr).toBe(0);

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
      expect(symbols, topic).toBe(20);
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
