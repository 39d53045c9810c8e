/** Runs the pipeline for `make chaos` and `make soak`: many scheduled faults in one long run. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { VENUE_IDS, type VenueId } from '../../src/domain/instrument.ts';
import { type SimulatorAddress, simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { JournalIndex } from '../../testing/judges/journal-index.ts';
import { type Published, readRun } from '../../testing/judges/read-run.ts';
import { TradeJudge, type Verdict } from '../../testing/judges/trade-judge.ts';
import type { Broker } from '../../testing/kafka/kafka-broker.ts';
import { PipelineProcess } from '../../testing/processes/pipeline-process.ts';
import { type Child, startChild } from '../child.ts';
import { type Happening, happeningText } from './schedule.ts';

export const RUN_VENUES: readonly VenueId[] = ['binance', 'bybit', 'binance_us'];
const COINS = ['BTC', 'ETH', 'SOL', 'BNB', 'XRP', 'ADA', 'DOGE', 'AVAX', 'LINK', 'DOT'];
export const RUN_SYMBOLS: readonly string[] = COINS.map((coin) => `${coin}USDT`);
const LINES = 2;
const RECONNECT = { initial_delay_ms: 500, max_delay_ms: 4000, max_attempts: 10, probe_every_ms: 4000 };
/** Longest allowed time without data. Stale data, a failover and reconnects each take less. */
const MAX_WITHOUT_DATA_MS = 30_000;
/** A violation is shown with at most MAX_NEAR status records, from this long before it to this long after it. */
const NEAR_MS = 3000;
const MAX_NEAR = 12;

export interface LongRunOptions {
  readonly broker: Broker;
  /** Folder for configuration, journal, logs and spill. */
  readonly folder: string;
  readonly seed: number;
  /** Trades a second of each venue. */
  readonly rate: number;
  readonly durationMs: number;
  readonly schedule: readonly Happening[];
  readonly prefix: string;
}

export interface LongRunResult {
  /** Violations in the published records, in words. */
  readonly wrong: readonly string[];
  /** The run's last process, with its log. */
  readonly pipeline: PipelineProcess;
  readonly verdict: Verdict;
}

/** Runs the pipeline as a process against simulated venues and a broker, with scheduled faults; then judges every trade. */
export class LongRun {
  readonly #options: LongRunOptions;
  readonly #venues: Child;
  readonly #journal: string;
  readonly #config: string;

  constructor(options: LongRunOptions) {
    const { folder, seed, rate } = options;
    this.#options = options;
    this.#journal = join(folder, 'journal.ndjson');
    this.#config = join(folder, 'market-feed.yaml');
    const rates = Object.fromEntries(VENUE_IDS.map((id) => [id, RUN_VENUES.includes(id) ? rate : 0]));
    const simulated = { rate: rates, seed, symbols: COINS.length, journal: this.#journal, connectionLimit: false };
    this.#venues = startChild(join(import.meta.dirname, 'venues.ts'), [JSON.stringify(simulated)]);
  }

  /**
   * Plays the schedule to its end and judges the records. Calls `watch` with each process that it starts.
   * @throws Error if the pipeline ends by itself.
   */
  async play(watch: (pipeline: PipelineProcess) => void = () => {}): Promise<LongRunResult> {
    const { folder, broker, durationMs, schedule } = this.#options;
    await mkdir(folder, { recursive: true });
    const address = await this.#venues.ask<SimulatorAddress>('address');
    await writeFile(this.#config, JSON.stringify(this.#configuration(address), null, 2));
    let pipeline = this.#start(watch);
    await untilServing(pipeline, 60_000);
    const [startedAt, startedWallAt] = [performance.now(), Date.now()];
    let brokerAway: Promise<void> = Promise.resolve();
    for (const one of schedule) {
      await delay(Math.max(0, startedAt + one.atMs - performance.now()));
      console.log(happeningText(one));
      if (!pipeline.running) throw new Error(`the pipeline ended by itself with code ${await pipeline.exited}`);
      if (one.kind === 'venue') await this.#venues.ask('inject', [one.request]).catch(ignoreNotConnected);
      else if (one.kind === 'kill') {
        await pipeline.kill();
        pipeline = this.#start(watch);
      } else {
        // Each stop of the broker begins after the previous one has ended.
        brokerAway = brokerAway.then(() => takeBrokerAway(broker, one));
        // This handler only prevents an unhandled rejection. `await brokerAway` throws the error.
        brokerAway.catch(() => {});
      }
    }
    await brokerAway;
    await this.#venues.ask('clear');
    const back = await untilServing(pipeline, 60_000).then(
      () => [],
      (error: Error) => [error.message],
    );
    await delay(Math.max(5000, startedAt + durationMs - performance.now()));
    const exitCode = await pipeline.stop();
    await this.#venues.ask('close');
    console.log('the run is over; comparing journal and topics');
    const { verdict, published } = await this.#judge();
    await this.#keepStatuses(published, startedWallAt);
    const wrong = [
      ...back,
      ...(exitCode === 0 ? [] : [`exit code ${exitCode}`]),
      ...(verdict.published === 0 ? ['nothing was published'] : []),
      ...[...verdict.losses, ...verdict.repeats, ...verdict.problems].map((text) => withStatuses(text, published)),
    ];
    return { wrong, pipeline, verdict };
  }

  async end(): Promise<void> {
    await this.#venues.end();
  }

  async #judge() {
    const { broker, prefix } = this.#options;
    const judge = new TradeJudge(await JournalIndex.read(this.#journal), {
      venueLosesIds: true,
      maxPauseMs: MAX_WITHOUT_DATA_MS,
    });
    const published = await readRun({ kind: 'kafka', brokers: broker.brokers, prefix }, judge);
    const verdict = judge.verdict();
    console.log(summary(verdict));
    return { verdict, published };
  }

  #start(watch: (pipeline: PipelineProcess) => void): PipelineProcess {
    const pipeline = new PipelineProcess({
      config: this.#config,
      logFile: join(this.#options.folder, 'pipeline.log'),
      nodeArgs: ['--expose-gc', '--import', join(import.meta.dirname, 'probe-memory.ts')],
    });
    watch(pipeline);
    return pipeline;
  }

  #configuration(address: SimulatorAddress): object {
    const { broker, folder, prefix } = this.#options;
    const base = simulatedValues(address, {
      coins: COINS,
      feed: { venues: RUN_VENUES, channels: ['trade', 'ticker'], fail_back_after_ms: 3000, coin_stale_after_ms: 6000 },
      venue: { lines: LINES, reconnect: RECONNECT },
    });
    return {
      ...base,
      sinks: ['kafka'],
      kafka: { brokers: broker.brokers, topic_prefix: prefix, partitions: 4 },
      spill: { dir: join(folder, 'spill') },
      gateway: { enabled: false },
    };
  }

  async #keepStatuses({ statuses }: Published, startedWallAt: number): Promise<void> {
    const { folder, schedule } = this.#options;
    const lines = statuses.map(({ status, at }) => JSON.stringify({ ...status, at }));
    const faults = schedule.map((one) => `${startedWallAt + one.atMs} ${happeningText(one)}`);
    await writeFile(join(folder, 'statuses.txt'), [...faults, ...lines, ''].join('\n'));
  }
}

function untilServing(pipeline: PipelineProcess, timeoutMs: number): Promise<void> {
  const allUp = () => RUN_VENUES.every((venue) => pipeline.linesUp(venue) >= LINES);
  return pipeline.until(() => allUp() && pipeline.activeVenue === RUN_VENUES[0], 'all lines are up', timeoutMs);
}

/** Ignores the error of a fault whose line is not connected at the moment. */
function ignoreNotConnected(error: unknown): void {
  if (!String(error).includes('open connections')) throw error;
}

async function takeBrokerAway(broker: Broker, { how, awayMs }: Extract<Happening, { kind: 'broker' }>): Promise<void> {
  await broker[how]();
  await delay(awayMs);
  await broker.start();
}

function summary({ published, epochs, lost, inGaps, undetectable, gaps, duplicated, outOfOrder }: Verdict): string {
  return [
    `${published} trades in up to ${epochs} epochs of a symbol, ${gaps} gaps`,
    `lost ${lost}, in gaps ${inGaps}, twice ${duplicated}, out of order ${outOfOrder}`,
    `not detectable (Bybit, withheld on a line that stayed open) ${undetectable}`,
  ].join('\n');
}

/** Adds the feed's status records around the first time in the text of a violation. */
function withStatuses(text: string, { statuses }: Published): string {
  const at = Number(/\b1\d{12}\b/.exec(text)?.[0] ?? Number.NaN);
  const near = statuses
    .filter(({ status }) => status.state !== 'heartbeat' && Math.abs(status.timestamp - at) < NEAR_MS)
    .slice(0, MAX_NEAR)
    .map(({ status: { timestamp, state, venue, reason } }) => `    ${timestamp} ${state} ${venue ?? ''}: ${reason}`);
  return [text, ...near].join('\n');
}
