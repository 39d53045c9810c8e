import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { JournalIndex } from '../../testing/judges/journal-index.ts';
import { readRun } from '../../testing/judges/read-run.ts';
import { TradeJudge } from '../../testing/judges/trade-judge.ts';
import { type Broker, startBroker } from '../../testing/kafka/kafka-broker.ts';
import {
  type SimulateProcess,
  startMarketFeed,
  startSimulate,
  temporaryFolder,
  writeConfiguration,
} from '../../testing/processes/market-feed-process.ts';
import { limitMs } from '../../testing/tools/limit-ms.ts';
import { runPython } from '../../testing/tools/python.ts';

let broker: Broker;
beforeAll(async () => {
  broker = await startBroker();
});
afterAll(() => broker?.close());

const OUTAGE_MS = 20_000;
const PER_SECOND = 500;
const COINS = ['BTC', 'ETH', 'SOL', 'BNB', 'XRP'];

async function startRun(simulate: SimulateProcess, venue: string) {
  const prefix = `${randomUUID()}.`;
  const config = await writeConfiguration(await temporaryFolder(), {
    ...simulatedValues(simulate, {
      coins: COINS,
      feed: { venues: [venue], channels: ['trade'], allow_test_data: false },
    }),
    kafka: { brokers: broker.brokers, topic_prefix: prefix, partitions: 3 },
    gateway: { enabled: false },
  });
  const start = () => startMarketFeed('run', '--config', config);
  return { run: start(), again: start, prefix: `${prefix}simulated.` };
}

interface Status {
  readonly sequence: number;
  readonly state: string;
  readonly reason: string;
  readonly timestamp: number;
  readonly heartbeat: null | { readonly venue_ages: readonly { readonly venue: string; readonly age_ms: number }[] };
}

async function statusIn(prefix: string): Promise<Status[]> {
  const { stdout, stderr, code } = await runPython('read_topic.py', [
    ...['--brokers', broker.brokers.join(','), '--topic', `${prefix}feed-status`, '--schemas', 'schemas'],
  ]);
  expect(code, stderr).toBe(0);
  return stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { record: Status }).record);
}

it('a run delivers all trades received during a broker outage, also after a stop and a new start', async () => {
  const journal = join(await temporaryFolder(), 'journal.ndjson');
  const simulate = await startSimulate('--rate', `${PER_SECOND}`, '--symbols', '5', '--journal', journal);
  // Each run has its own venue, so the journal shows which trades were sent to which run.
  const staying = await startRun(simulate, 'binance');
  const leaving = await startRun(simulate, 'bybit');
  await staying.run.logged('trading_resumed');
  await leaving.run.logged('trading_resumed');

  await broker.stop();
  const stoppedAt = Date.now();
  const [outage] = await Promise.all([staying.run.logged('sink_unavailable'), leaving.run.logged('sink_unavailable')]);
  expect(outage).toMatchObject({ cause: 'kafka' });

  await delay(2000);
  const asked = performance.now();
  leaving.run.signal('SIGTERM');
  expect(await leaving.run.exited, leaving.run.stderr).toBe(0);
  expect(performance.now() - asked).toBeLessThan(limitMs(5000));
  const left = Number(
    /^market-feed: (\d+) records wait in .*; the next start delivers them$/m.exec(leaving.run.stderr)?.[1],
  );
  expect(left).toBeGreaterThan(PER_SECOND * 2);
  expect(leaving.run.log().find(({ undelivered }) => undelivered !== undefined)).toMatchObject({
    undelivered: 0,
    spilled: left,
  });

  await delay(stoppedAt + OUTAGE_MS - Date.now());
  await broker.start();
  const startedAt = Date.now();
  await staying.run.logged('sink_recovered');
  const back = leaving.again();
  await back.logged('trading_resumed');
  expect(back.log().find(({ event }) => event === 'spill_spilling')).toMatchObject({ sink: 'kafka' });
  await back.logged('spill_drained');
  await delay(1000);
  back.signal('SIGTERM');
  expect(await back.exited, back.stderr).toBe(0);
  staying.run.signal('SIGTERM');
  expect(await staying.run.exited, staying.run.stderr).toBe(0);
  simulate.signal('SIGTERM');
  await simulate.exited;

  const { stdout, stderr, code } = await runPython('check_journal.py', [
    ...['--brokers', broker.brokers.join(','), '--prefix', staying.prefix, '--schemas', 'schemas'],
    ...['--journal', journal, '--venues', 'binance'],
  ]);
  expect(code, stderr).toBe(0);
  console.info(stdout.trim());
  const { trades, problems } = JSON.parse(stdout) as {
    trades: { records: number; runs: number; unsent: [number, number] };
    problems: string[];
  };
  expect(problems).toEqual([]);
  expect(trades.records).toBeGreaterThan((PER_SECOND * OUTAGE_MS) / 1000);
  // `runs` counts epochs: one for each symbol. stop.test.ts checks `unsent[1]`, the trades in flight at the stop.
  expect(trades.runs).toBe(COINS.length);
  expect(trades.unsent[0]).toBe(0);
  expect(staying.run.log().find(({ undelivered }) => undelivered !== undefined)).toMatchObject({
    undelivered: 0,
    sinks: [{ dropped: {}, rejected: 0 }],
    venues: { binance: { reconnects: 0 } },
  });

  const judge = new TradeJudge(await JournalIndex.read(journal));
  await readRun({ kind: 'kafka', brokers: broker.brokers, prefix: leaving.prefix }, judge);
  const verdict = judge.verdict();
  expect(verdict).toMatchObject({ losses: [], repeats: [], problems: [], lost: 0, duplicated: 0, outOfOrder: 0 });
  expect(verdict).toMatchObject({ instances: 2, epochs: 1, undetectable: 0 });
  // The trades that the first stop left in the spill are stored now. The trades between the two runs are in a gap.
  expect(verdict.published).toBeGreaterThan(left / 2);
  expect(verdict.inGaps).toBeGreaterThan(0);

  const status = await statusIn(staying.prefix);
  expect(status.map(({ sequence }) => sequence)).toEqual(status.map((_, index) => index + 1));
  expect(status.filter(({ state }) => state.startsWith('sink_')).map(({ state }) => state)).toEqual([
    'sink_unavailable',
    'sink_recovered',
  ]);
  expect(status.at(-1)?.state).toBe('stopped');
  // The feed continued: it published a heartbeat each second, which reported fresh data.
  const beats = status.filter(
    ({ state, timestamp }) => state === 'heartbeat' && timestamp > stoppedAt && timestamp < startedAt,
  );
  expect(beats.length).toBeGreaterThan(OUTAGE_MS / 1000 - 3);
  for (const { heartbeat } of beats)
    expect(heartbeat?.venue_ages.find(({ venue }) => venue === 'binance')?.age_ms).toBeLessThan(limitMs(1000));
});
