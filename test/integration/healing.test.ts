import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { readJournal } from '../../testing/judges/journal.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { temporaryFolder, writeConfiguration } from '../../testing/processes/market-feed-process.ts';
import { runPython } from '../../testing/tools/python.ts';
import { until } from '../../testing/tools/until.ts';
import { startHere } from '../cli/start-here.ts';

const RATE = 100;
const SKIPPED = 40;
/** How the command names a run that publishes to Kafka. */
const BESIDE = /heal: a run \(instance [-0-9a-f]+\) publishes to .*simulated\.\* and heals its gaps/;

/** Trades as Python reads them. */
type Row = { readonly record: { readonly trade_id: string; readonly symbol: string; readonly source: string } };

/** A simulator, and a configuration whose records go to Kafka and to files. */
async function started(feed: object) {
  const folder = await temporaryFolder();
  const journal = join(folder, 'journal.ndjson');
  const rate = { bybit: 0, binance: RATE, binance_us: 0, binance_testnet: 0 };
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
  return { simulator, configWith, idsOf, journal };
}

function idsIn(stdout: string): string[] {
  return stdout
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as Row).record.trade_id);
}

/** Reads what a command has printed, one JSON object a line. */
const rowsOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { sink: string; missing: number; result: string });

function skip(simulator: Simulator, count: number): void {
  simulator.fault({ venue: 'binance', fault: 'refuse_rest', seconds: 12, status: 503 });
  simulator.fault({ venue: 'binance', fault: 'skip_trades', symbol: 'BTCUSDT', count });
}

it('market-feed heal refuses to work beside a run, and fetches the missing trades into Kafka and files after it', async () => {
  const { simulator, configWith, idsOf, journal } = await started({ backfill: false, channels: ['trade'] });
  const both = await configWith(['kafka', 'file']);
  const run = startHere('run', '--config', both);
  await run.logged('trading_resumed');
  skip(simulator, SKIPPED);
  await run.logged('gap_unrepaired');
  simulator.clearFaults();

  const [beside, inFolder] = [
    startHere('heal', '--config', await configWith(['kafka'])),
    startHere('heal', '--config', await configWith(['file'])),
  ];
  expect(await beside.exited).toBe(2);
  expect(beside.stderr).toMatch(BESIDE);
  expect(await inFolder.exited).toBe(2);
  expect(inFolder.stderr).toContain(`is in use: process ${process.pid}`);
  expect(await run.stop(), run.stderr).toBe(0);

  const dry = startHere('heal', '--dry-run', '--config', both);
  expect(await dry.exited, dry.stderr).toBe(0);
  expect(rowsOf(dry.stdout)).toEqual(
    expect.arrayContaining(
      ['kafka', 'file'].map((sink) => expect.objectContaining({ sink, missing: SKIPPED, result: 'open' })),
    ),
  );
  expect(rowsOf(dry.stdout)).toHaveLength(2);

  // Its windows could be published until two minutes after the gap, so the command would wait for them.
  const heal = startHere('heal', '--config', both);
  await until(async () => (await idsOf('late-trades')).kafka.length >= SKIPPED, { timeoutMs: 30_000 });
  expect(await heal.stop(), heal.stderr).toBe(0);
  await simulator.close();
  const made = (await readJournal(journal, ({ kind }) => kind === 'trade')).map(({ id }) => id);
  const [trades, late] = [await idsOf('trades'), await idsOf('late-trades')];
  for (const sink of ['kafka', 'file'] as const) {
    expect(late[sink]).toHaveLength(SKIPPED);
    const all = [...trades[sink], ...late[sink]].sort();
    expect(all).toEqual(made.slice(made.indexOf(all[0] as string)).slice(0, all.length));
  }
});
