import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { VenueId } from '../../src/domain/instrument.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { topicsIn } from '../../testing/judges/avro-files.ts';
import { JournalIndex } from '../../testing/judges/journal-index.ts';
import { type RunStore, readRun } from '../../testing/judges/read-run.ts';
import { TradeJudge, type Verdict } from '../../testing/judges/trade-judge.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { killRepeatedly } from '../../testing/processes/kill-repeatedly.ts';
import { PipelineProcess } from '../../testing/processes/pipeline-process.ts';
import { testSeed } from '../../testing/properties/seeds.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { runPython } from '../../testing/tools/python.ts';

let brokers: string[];
beforeAll(async () => {
  brokers = await sharedBrokers();
});

const COINS = ['BTC', 'ETH', 'SOL'];
const PER_SECOND = isLong ? 500 : 100;
const KILLS = isLong ? 4 : 2;
/** Time for which the pipeline runs after its last start, milliseconds. */
const ON_MS = 2500;

interface Killed {
  readonly verdict: Verdict;
  /** Errors that fastavro reports. */
  readonly damaged: readonly string[];
}

/**
 * Kills the pipeline under load at random moments, and starts it again each time. Then compares the journal with the
 * stored records.
 */
async function killed(venue: VenueId, sink: 'kafka' | 'file', mode: 'failover' | 'all' = 'failover'): Promise<Killed> {
  const folder = await mkdtemp(join(tmpdir(), 'market-feed-kill-'));
  const journal = join(folder, 'journal.ndjson');
  const rates = { bybit: 0, binance: 0, binance_us: 0, binance_testnet: 0, [venue]: PER_SECOND };
  const simulator = await startSimulator({ rate: rates, symbols: COINS.length, journal, connectionLimit: false });
  const place: RunStore =
    sink === 'file'
      ? { kind: 'file', dir: join(folder, 'data') }
      : { kind: 'kafka', brokers, prefix: `${randomUUID()}.` };
  const config = join(folder, 'market-feed.yaml');
  const values = {
    ...simulatedValues(simulator, { coins: COINS, feed: { venues: [venue], mode } }),
    sinks: [sink],
    ...(place.kind === 'file'
      ? { file: { dir: place.dir } }
      : { kafka: { brokers, topic_prefix: place.prefix, partitions: 3 } }),
    spill: { dir: join(folder, 'spill') },
    gateway: { enabled: false },
  };
  // JSON is valid YAML.
  await writeFile(config, JSON.stringify(values));
  let closed: Promise<void> | undefined;
  const closeSimulator = () => {
    closed ??= simulator.close();
    return closed;
  };
  let pipeline: PipelineProcess | undefined;
  const start = () => {
    pipeline = new PipelineProcess({ config, logFile: join(folder, 'pipeline.log') });
    return pipeline;
  };
  try {
    const serves = (process: PipelineProcess) =>
      mode === 'all' ? process.linesUp(venue) > 0 : process.activeVenue === venue;
    const last = await killRepeatedly(start(), start, { kills: KILLS, seed: testSeed, serves });
    await last.until(() => serves(last), `${venue} serves`);
    await delay(ON_MS);
    expect(await last.stop()).toBe(0);
    await closeSimulator();
    const judge = new TradeJudge(await JournalIndex.read(journal), { timed: sink === 'kafka' });
    await readRun(place, judge);
    return { verdict: judge.verdict(), damaged: place.kind === 'file' ? await unreadable(place.dir) : [] };
  } finally {
    await pipeline?.kill();
    await closeSimulator();
    await rm(folder, { recursive: true, force: true });
  }
}

async function unreadable(dir: string): Promise<string[]> {
  const damaged: string[] = [];
  for (const topic of topicsIn(dir)) {
    const { code, stderr } = await runPython('read_files.py', [join(dir, topic)]);
    if (code !== 0) damaged.push(`${topic}: ${stderr}`);
  }
  return damaged;
}

const NOTHING_WRONG = { losses: [], repeats: [], problems: [], lost: 0, duplicated: 0, outOfOrder: 0 };

describe.concurrent('a pipeline that is killed at any moment and restarted', () => {
  it('writes each trade of Binance to Kafka once, with no trade missing', async () => {
    const { verdict } = await killed('binance', 'kafka');
    expect(verdict).toMatchObject({ ...NOTHING_WRONG, inGaps: 0, named: [] });
    expect(verdict.instances).toBeGreaterThan(KILLS / 2);
    expect(verdict.published).toBeGreaterThan(PER_SECOND);
  });

  // The other venues, modes and sinks run only in `make faults`.
  if (!isLong) return;

  it('writes each trade of Bybit to Kafka once, or publishes a gap that covers it', async () => {
    const { verdict } = await killed('bybit', 'kafka');
    expect(verdict).toMatchObject({ ...NOTHING_WRONG, undetectable: 0 });
    expect(verdict.instances).toBeGreaterThan(KILLS / 2);
    expect(verdict.published).toBeGreaterThan(PER_SECOND);
  });

  it('writes each trade of Binance to Kafka once in mode all, with no trade missing', async () => {
    const { verdict } = await killed('binance', 'kafka', 'all');
    expect(verdict).toMatchObject({ ...NOTHING_WRONG, inGaps: 0, named: [], epochs: 1 });
    expect(verdict.instances).toBeGreaterThan(KILLS / 2);
    expect(verdict.published).toBeGreaterThan(PER_SECOND);
  });

  it('writes each trade of Binance to files once, and fastavro reads every file', async () => {
    const { verdict, damaged } = await killed('binance', 'file');
    expect(damaged).toEqual([]);
    expect(verdict).toMatchObject({ ...NOTHING_WRONG, inGaps: 0, named: [] });
    expect(verdict.instances).toBeGreaterThan(KILLS / 2);
    expect(verdict.published).toBeGreaterThan(PER_SECOND);
  });
});
