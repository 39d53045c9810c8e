import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { startSimulator } from '../../src/simulator/server.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { readJournal } from '../../testing/judges/journal.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { temporaryFolder, writeConfiguration } from '../../testing/processes/market-feed-process.ts';
import { runPython } from '../../testing/tools/python.ts';

/** Trades as Python reads them. */
type Row = { readonly record: { readonly trade_id: string; readonly symbol: string; readonly source: string } };

/** A simulator, and a configuration whose records go to Kafka and to files. */
export async function startHealing(feed: object, tradesPerSecond: number) {
  const folder = await temporaryFolder();
  const journal = join(folder, 'journal.ndjson');
  const rate = { bybit: 0, binance: tradesPerSecond, binance_us: 0, binance_testnet: 0 };
  const simulator = await startSimulator({ rate, symbols: 1, journal });
  onTestFinished(() => simulator.close());
  const brokers = await sharedBrokers();
  const prefix = `${randomUUID()}.`;
  const configWith = async (sinks: readonly string[], more: object = {}) => {
    const own = await temporaryFolder();
    return writeConfiguration(own, {
      ...simulatedValues(simulator, {
        coins: ['BTC'],
        feed: { venues: ['binance'], allow_test_data: false, ...feed, ...more },
      }),
      sinks,
      file: { dir: join(folder, 'files') },
      spill: { dir: join(own, 'spill') },
      kafka: { brokers, topic_prefix: prefix, partitions: 1 },
      gateway: { enabled: false },
    });
  };
  /** The ids of the trades that Python reads from both sinks, by topic. */
  const idsOf = async (
    topic: string,
  ): Promise<{ readonly kafka: readonly string[]; readonly file: readonly string[] }> => {
    const kafka = ['--brokers', brokers.join(','), '--topic', `${prefix}simulated.${topic}`, '--schemas', 'schemas'];
    const [ofKafka, ofFiles] = await Promise.all([
      runPython('read_topic.py', kafka),
      runPython('read_files.py', [join(folder, 'files', `simulated.${topic}`)]),
    ]);
    return { kafka: idsIn(ofKafka.stdout), file: idsIn(ofFiles.stdout) };
  };
  /** Makes a gap. The venue's REST interface answers again after some seconds. */
  const skip = (count: number, refusedSeconds: number): void => {
    simulator.fault({ venue: 'binance', fault: 'refuse_rest', seconds: refusedSeconds, status: 503 });
    simulator.fault({ venue: 'binance', fault: 'skip_trades', symbol: 'BTCUSDT', count });
  };
  /** Ends the simulator. Returns the ids that each sink has in both topics, and those that the venue made in their range. */
  const end = async () => {
    await simulator.close();
    const made = (await readJournal(journal, ({ kind }) => kind === 'trade')).map(({ id }) => id);
    const [trades, late] = [await idsOf('trades'), await idsOf('late-trades')];
    return (['kafka', 'file'] as const).map((sink) => {
      const all = [...trades[sink], ...late[sink]].sort();
      const from = made.indexOf(all[0] ?? '');
      return { late: late[sink].length, all, made: made.slice(from, from + all.length) };
    });
  };
  return { simulator, configWith, idsOf, skip, end };
}

function idsIn(stdout: string): string[] {
  return stdout
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as Row).record.trade_id);
}
