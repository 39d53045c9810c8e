/** Plays one row of the fault matrix: starts venues, broker, pipeline and consumer, injects the fault, and judges. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { VENUE_IDS } from '../../src/domain/instrument.ts';
import type { FaultRequest } from '../../src/simulator/faults/fault-command.ts';
import { type SimulatorAddress, simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { JournalIndex } from '../../testing/judges/journal-index.ts';
import { type Published, type RunStore, readRun } from '../../testing/judges/read-run.ts';
import { TradeJudge } from '../../testing/judges/trade-judge.ts';
import { type Broker, startBroker } from '../../testing/kafka/kafka-broker.ts';
import { PipelineProcess } from '../../testing/processes/pipeline-process.ts';
import { type Child, startChild } from '../child.ts';
import type { ConsumerResults } from './consumer.ts';
import { judgeGuard } from './guard-judge.ts';
import type { Outcome, Row, Scene } from './row.ts';

const RATE = 600;
const LINES = 2;
const SYMBOLS = 3;
const COINS = ['BTC', 'ETH', 'SOL'];
const STARTED_WITHIN_MS = 60_000;
/** Time before the fault, so that the fault does not meet a pipeline that starts. */
const WARM_MS = 2000;
/** The guard must allow trading within this time, unless the first venue is the testnet. */
const TRADES_WITHIN_MS = 10_000;
/** Time between the recovery and the end of the run. */
const SETTLE_MS = 2500;
const RECOVERED_WITHIN_MS = 15_000;
/** The measurement of times without data begins this long before the fault. */
const JUST_BEFORE_MS = 200;

export const RECONNECT = { initial_delay_ms: 1000, max_delay_ms: 4000, max_attempts: 10, probe_every_ms: 4000 };
export const FEED = { fail_back_after_ms: 2000, coin_stale_after_ms: 5000 };

/** One run of the whole pipeline for one row: its venues, its broker, its process, and the faults. */
export class TestBed implements Scene {
  readonly row: Row;
  readonly folder: string;
  readonly broker: Broker | undefined;
  readonly complaints: string[] = [];
  readonly #venues: Child;
  readonly #store: RunStore;
  readonly #journal: string;
  readonly #config: string;
  readonly #consumer: Child;
  #pipeline: PipelineProcess | undefined;
  #injectedAt: number | undefined;
  #overAt = 0;

  private constructor(row: Row, folder: string, broker: Broker | undefined, venues: Child, store: RunStore) {
    this.row = row;
    this.folder = folder;
    this.broker = broker;
    this.#venues = venues;
    this.#store = store;
    this.#journal = join(folder, 'journal.ndjson');
    this.#config = join(folder, 'market-feed.yaml');
    const consumer = [JSON.stringify(store), JSON.stringify(COINS)];
    this.#consumer = startChild(join(import.meta.dirname, 'consumer.ts'), consumer);
  }

  /** Plays a row from start to end. `brokers`: addresses of the shared broker. */
  static async play(row: Row, folder: string, brokers: readonly string[]): Promise<Outcome> {
    await mkdir(folder, { recursive: true });
    const undo = await row.prepare?.(folder);
    const broker = row.ownBroker === true ? await startBroker({ isForLong: true }) : undefined;
    const rate = Object.fromEntries(VENUE_IDS.map((id) => [id, row.venues.includes(id) ? (row.rate ?? RATE) : 0]));
    const journal = join(folder, 'journal.ndjson');
    const options = { rate, symbols: SYMBOLS, journal, connectionLimit: false, ...row.simulator };
    const venues = startChild(join(import.meta.dirname, 'venues.ts'), [JSON.stringify(options)]);
    const store: RunStore =
      row.sink === 'file'
        ? { kind: 'file', dir: join(folder, 'data') }
        : { kind: 'kafka', brokers: broker?.brokers ?? brokers, prefix: `${row.name.replaceAll('/', '.')}.` };
    const bed = new TestBed(row, folder, broker, venues, store);
    try {
      return await bed.#play();
    } finally {
      await bed.#pipeline?.kill();
      await bed.#consumer.end();
      await undo?.();
      await venues.end();
      await broker?.close();
    }
  }

  get pipeline(): PipelineProcess {
    if (this.#pipeline === undefined) throw new Error('the pipeline is not started');
    return this.#pipeline;
  }

  get store(): RunStore {
    return this.#store;
  }

  async inject(...requests: readonly FaultRequest[]): Promise<void> {
    this.markBegun(await this.#venues.ask<number>('inject', requests));
  }

  markBegun(at = Date.now()): void {
    this.#injectedAt ??= at;
  }

  async clear(): Promise<void> {
    await this.#venues.ask('clear');
  }

  async wait(seconds: number): Promise<void> {
    await delay(seconds * 1000);
  }

  start(): PipelineProcess {
    const { clockStepMs } = this.row;
    const preload = join(import.meta.dirname, 'step-clock.ts');
    this.#pipeline = new PipelineProcess({
      config: this.#config,
      logFile: join(this.folder, 'pipeline.log'),
      ...(clockStepMs === undefined
        ? {}
        : { nodeArgs: ['--import', preload], environment: { STEP_CLOCK_MS: String(clockStepMs) } }),
    });
    return this.#pipeline;
  }

  async untilServing(timeoutMs = 20_000): Promise<void> {
    const { venues } = this.row;
    await this.pipeline.until(
      () => venues.every((venue) => this.pipeline.linesUp(venue) >= LINES) && this.pipeline.activeVenue === venues[0],
      `all lines of ${venues.join(', ')} are up`,
      timeoutMs,
    );
  }

  async #play(): Promise<Outcome> {
    await this.#configure(await this.#venues.ask<SimulatorAddress>('address'));
    this.start();
    await this.untilServing(STARTED_WITHIN_MS);
    await this.#consumer.ask('start');
    const trades = await this.#consumer.ask<boolean>('untilAllowed', TRADES_WITHIN_MS);
    if (!trades && this.row.venues[0] !== 'binance_testnet') this.complaints.push('the guard never allows trading');
    await delay(WARM_MS);
    await this.row.act(this);
    this.#overAt = Date.now();
    // The published records show whether everything recovered, so a timeout of this wait does not matter.
    await this.untilServing(RECOVERED_WITHIN_MS).catch(() => {});
    await delay(SETTLE_MS);
    const judgedTo = Date.now();
    const results = await this.#consumer.ask<ConsumerResults>('results');
    const exitCode = await this.pipeline.stop();
    await this.row.afterwards?.(this);
    await this.#venues.ask('close');
    const judge = new TradeJudge(await JournalIndex.read(this.#journal), { timed: this.#store.kind === 'kafka' });
    const published = await readRun(this.#store, judge);
    const verdict = judge.verdict();
    const judged = { from: this.#injectedAt ?? this.#overAt, to: judgedTo };
    const guard = await judgeGuard(this.#store, results, judged);
    await this.#writeVerdict(verdict, published, results, guard);
    const noticedAfterMs = this.#noticedAfter(published);
    return {
      ...(noticedAfterMs === undefined ? {} : { noticedAfterMs }),
      withoutDataMs: this.#withoutDataMs(published),
      verdict,
      guard,
      exitCode,
      complaints: this.complaints,
    };
  }

  async #configure(address: SimulatorAddress): Promise<void> {
    const { row } = this;
    const base = simulatedValues(address, {
      coins: COINS,
      feed: { venues: row.venues, channels: ['trade', 'ticker'], ...FEED, ...row.feed },
      venue: { lines: LINES, reconnect: RECONNECT },
      dataOnly: row.dataOnly === true,
    });
    const store = this.#store;
    const values = {
      ...base,
      ...(store.kind === 'file'
        ? { sinks: ['file'], file: { dir: store.dir } }
        : { sinks: ['kafka'], kafka: { brokers: store.brokers, topic_prefix: store.prefix, partitions: 3 } }),
      spill: { dir: join(this.folder, 'spill'), ...row.spill },
      gateway: row.gateway === true ? { port: 0 } : { enabled: false },
    };
    // JSON is valid YAML.
    await writeFile(this.#config, JSON.stringify(values, null, 2));
  }

  #noticedAfter({ statuses }: Published): number | undefined {
    const { noticedBy } = this.row;
    const injectedAt = this.#injectedAt;
    if (noticedBy === undefined || injectedAt === undefined) return undefined;
    // The record's timestamp counts, because nothing is stored while a broker is away.
    const noticing = statuses.find(({ status }) => status.timestamp >= injectedAt && noticedBy(status));
    return noticing === undefined ? undefined : noticing.status.timestamp - injectedAt;
  }

  /** The longest time between two live trades, from just before the fault to the end. */
  #withoutDataMs({ trades }: Published): number {
    const { symbol } = this.row;
    const from = (this.#injectedAt ?? 0) - JUST_BEFORE_MS;
    let last: number | undefined;
    let longest = 0;
    for (const trade of trades) {
      if (!trade.isLive || (symbol !== undefined && trade.symbol !== symbol)) continue;
      if (trade.at >= from && last !== undefined) longest = Math.max(longest, trade.at - last);
      last = trade.at;
    }
    // If no trade came after the fault, the time without data is infinite.
    return last === undefined || last < this.#overAt ? Number.POSITIVE_INFINITY : longest;
  }

  /** Writes verdict.txt, for debugging a row that missed its expectation. */
  async #writeVerdict(
    verdict: Outcome['verdict'],
    { statuses }: Published,
    { decisions }: ConsumerResults,
    guard: Outcome['guard'],
  ): Promise<void> {
    const lines = statuses
      .filter(({ status }) => status.state !== 'heartbeat')
      .map(({ status: { kind, instance, sequence, environment, heartbeat, ...shown }, at }) =>
        JSON.stringify({ at, ...shown }),
      );
    const injected = `injected at ${this.#injectedAt}, over at ${this.#overAt}`;
    await writeFile(
      join(this.folder, 'verdict.txt'),
      [
        injected,
        JSON.stringify(verdict, null, 2),
        ...lines,
        JSON.stringify(guard, null, 2),
        ...decisions.map((decision) => JSON.stringify(decision)),
        '',
      ].join('\n'),
    );
  }
}
