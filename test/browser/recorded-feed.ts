import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EMPTY, Subject } from 'rxjs';
import { loadConfig } from '../../src/config/load-config.ts';
import { Fault } from '../../src/domain/fault.ts';
import type { VenueId } from '../../src/domain/instrument.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import type { StatusSnapshot } from '../../src/domain/status-snapshot.ts';
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts';
import { monotonicScheduler } from '../../src/net/monotonic-scheduler.ts';
import { type Pipeline, startPipeline } from '../../src/runtime/run.ts';
import { gatewayOptions } from '../../src/serving/gateway-options.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import type { OutRecord, Sink } from '../../src/sinks/contract.ts';
import { sinks } from '../../src/sinks/registry.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { freePort } from '../../testing/processes/free-port.ts';
import { until } from '../../testing/tools/until.ts';

/** A record and when it was published, milliseconds since 1970. */
export interface PublishedAt {
  readonly at: number;
  readonly record: FeedRecord;
}

export interface RecordedFeedOptions {
  /** True: the gateway gets only records, as from topics, and survives a kill. */
  readonly standAlone?: boolean;
  readonly venues?: readonly VenueId[];
  /** True: all 20 coins of the simulator; else three of them. */
  readonly allCoins?: boolean;
}

/** When the page could not reach the gateway, milliseconds since 1970. */
export interface Offline {
  readonly from: number;
  to: number;
}

/**
 * A whole pipeline of simulated venues with a file sink, a gateway, and a log of every record. They run in this process;
 * a kill stops all of them without a last word.
 */
export class RecordedFeed implements AsyncDisposable {
  readonly simulator: Simulator;
  readonly published: PublishedAt[] = [];
  readonly offline: Offline[] = [];
  readonly url: string;
  diskIsFull = false;
  readonly #folder: string;
  readonly #port: number;
  readonly #standAlone: boolean;
  readonly #venues: readonly VenueId[];
  readonly #allCoins: boolean;
  readonly #records$ = new Subject<readonly FeedRecord[]>();
  readonly #snapshots$ = new Subject<StatusSnapshot>();
  #gateway: Gateway | undefined;
  #pipeline: Pipeline | undefined;
  #snapshots: NodeJS.Timeout | undefined;

  private constructor(simulator: Simulator, folder: string, port: number, options: RecordedFeedOptions) {
    this.simulator = simulator;
    this.url = `http://127.0.0.1:${port}/`;
    this.#folder = folder;
    this.#port = port;
    this.#standAlone = options.standAlone ?? false;
    this.#venues = options.venues ?? ['bybit', 'binance'];
    this.#allCoins = options.allCoins ?? false;
  }

  /** Resolves when the feed allows trading. */
  static async start(options: RecordedFeedOptions): Promise<RecordedFeed> {
    const folder = await mkdtemp(join(tmpdir(), 'market-feed-recorded-'));
    const simulator = await startSimulator({ rate: 60, symbols: 20 });
    const feed = new RecordedFeed(simulator, folder, await freePort(), options);
    try {
      await feed.#startGateway();
      await feed.#startPipeline();
    } catch (error) {
      await feed[Symbol.asyncDispose]();
      throw error;
    }
    return feed;
  }

  /** The symbols whose prices were published. */
  get symbols(): ReadonlySet<string> {
    return new Set(this.published.flatMap(({ record }) => (record.kind === 'price' ? [record.symbol] : [])));
  }

  /** The status records without heartbeats, one in a row. */
  story(): string {
    const rows = this.published.flatMap(({ at, record }) =>
      record.kind === 'status' && record.state !== 'heartbeat'
        ? [
            [
              new Date(at).toISOString().slice(11, 23),
              record.state,
              record.venue,
              record.symbol,
              record.line,
              record.cause,
              record.reason,
            ].join(' '),
          ]
        : [],
    );
    return rows.join('\n');
  }

  /** Ends the feed as SIGKILL does: nothing is published any more. Also the gateway, if it is part of the process. */
  async kill(): Promise<void> {
    clearInterval(this.#snapshots);
    const pipeline = this.#pipeline;
    this.#pipeline = undefined;
    if (!this.#standAlone) {
      this.offline.push({ from: Date.now(), to: Number.POSITIVE_INFINITY });
      await this.#gateway?.close();
    }
    await pipeline?.stop('killed');
  }

  async restart(): Promise<void> {
    if (!this.#standAlone) await this.#startGateway();
    for (const time of this.offline) time.to = Math.min(time.to, Date.now());
    await this.#startPipeline();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#gateway?.close();
    await this.simulator.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #config() {
    return loadConfig({
      values: simulatedValues(this.simulator, {
        ...(this.#allCoins ? { coins: { all: true } } : {}),
        feed: { venues: this.#venues, channels: ['trade', 'ticker', 'depth'], fail_back_after_ms: 5000 },
        venue: { reconnect: { initial_delay_ms: 500, max_delay_ms: 1000, max_attempts: 1000 } },
        file: { dir: this.#folder },
      }),
    });
  }

  async #startGateway(): Promise<void> {
    const options = gatewayOptions(this.#config);
    this.#gateway = await createGateway({
      ...options,
      settings: { ...options.settings, host: '127.0.0.1', port: this.#port, token: null },
      source: {
        records$: this.#records$,
        statusSnapshots$: this.#standAlone ? EMPTY : this.#snapshots$,
        metricsSnapshots$: EMPTY,
        behind: undefined,
      },
      scheduler: monotonicScheduler,
      wallClockMs: Date.now,
      fetchPastKlines: async () => [],
      fetchBest: async () => [],
      log: () => {},
    });
    await this.#gateway.listen();
  }

  async #startPipeline(): Promise<void> {
    const from = this.published.length;
    let current: Pipeline | undefined;
    const isAlive = () => current === undefined || this.#pipeline === current;
    const pipeline = await startPipeline(this.#config, {
      log: createLog({ level: 'silent' }),
      sinks: { ...sinks, file: async (settings) => this.#failing(await sinks.file(settings)) },
      onPublished: (records) => {
        if (!isAlive()) return;
        const at = Date.now();
        for (const record of records) this.published.push({ at, record });
        this.#records$.next(records);
      },
    });
    current = pipeline;
    this.#pipeline = pipeline;
    const snapshot = () => this.#snapshots$.next(pipeline.snapshot());
    snapshot();
    this.#snapshots = setInterval(snapshot, 1000);
    const resumed = () =>
      this.published.slice(from).some(({ record }) => record.kind === 'status' && record.state === 'trading_resumed');
    await until(resumed, { message: () => `trading is allowed; ${this.story()}` });
  }

  /** The sink, on a disk that can be full. */
  #failing(sink: Sink): Sink {
    const write = sink.write.bind(sink);
    const full = new Fault('sink', 'ENOSPC: no space left on device, write');
    return Object.assign(sink, {
      write: async (batch: readonly OutRecord[]) =>
        this.diskIsFull ? batch.map(() => ({ kind: 'retry', fault: full }) as const) : write(batch),
    });
  }
}
