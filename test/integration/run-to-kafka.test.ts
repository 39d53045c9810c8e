import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import { sharedBrokers } from '../support/kafka-broker.ts';
import { startMarketFeed, startSimulate, temporaryFolder, writeConfiguration } from '../support/market-feed-process.ts';
import { runPython } from '../support/python.ts';
import { simulatedValues } from '../support/simulated-feed.ts';

/** Seconds; a minute is the measure of the issue, a quarter of it is enough for every run of the tests. */
const duration = Number(process.env.DURATION_S ?? 15);
/** In order of preference: the first serves, the second is its warm standby. */
const venues = (process.env.VENUES ?? 'binance,bybit').split(',');
const PER_SECOND = 2000;
const CHANNELS = ['trade', 'ticker', 'book_ticker', 'kline_1m', 'depth', 'agg_trade', 'mini_ticker'];

let brokers: string[];
beforeAll(async () => {
  brokers = await sharedBrokers();
});

it(
  `carries 20 coins, all channels, ${PER_SECOND} trades a second for ${duration} s to Kafka as the journal has them`,
  async () => {
    const folder = await temporaryFolder();
    const journal = join(folder, 'journal.ndjson');
    const simulate = await startSimulate('--rate', `${PER_SECOND}`, '--symbols', '20', '--journal', journal);
    const prefix = `${randomUUID()}.`;
    const config = await writeConfiguration(folder, {
      ...simulatedValues(simulate, { feed: { venues, channels: CHANNELS, allow_test_data: false } }),
      coins: join(process.cwd(), 'config/coins.json'),
      kafka: { brokers, topic_prefix: prefix },
      gateway: { enabled: false },
    });
    const run = startMarketFeed('run', '--config', config);
    await expect.poll(() => run.stderr, { timeout: 20_000 }).toContain('"trading_resumed"');
    await delay(duration * 1000);
    run.signal('SIGTERM');
    expect(await run.exited, run.stderr).toBe(0);
    simulate.signal('SIGTERM');
    expect(await simulate.exited).toBe(0);

    const { stdout, stderr, code } = await runPython('check_journal.py', [
      ...['--brokers', brokers.join(','), '--prefix', `${prefix}simulated.`, '--schemas', 'schemas'],
      ...['--journal', journal, '--venues', venues.join(',')],
    ]);
    expect(code, stderr).toBe(0);
    console.info(stdout);
    console.info(run.stderr.slice(-3000));
  },
  duration * 2000 + 60_000,
);
