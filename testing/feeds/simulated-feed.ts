import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load-config.ts';
import { getOrCreate } from '../../src/domain/get-or-create.ts';
import { VENUE_IDS, type VenueId } from '../../src/domain/instrument.ts';
import type { FeedRecord, FeedStatus, VenueSwitch } from '../../src/domain/record.ts';
import type { RawFrame } from '../../src/domain/venue-event.ts';
import { Latencies } from '../../src/feed/latency/latencies.ts';
import { monotonicScheduler } from '../../src/net/monotonic-scheduler.ts';
import { wallClock } from '../../src/net/wall-clock.ts';
import { type CaptureFile, createCapture } from '../../src/replay/record.ts';
import { buildFeed } from '../../src/runtime/build-feed.ts';
import type { RunningFeed } from '../../src/runtime/running-feed.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { type JournalEvent, readJournal } from '../judges/journal.ts';
import { until } from '../tools/until.ts';

/** Where a simulator listens. */
export interface SimulatorAddress {
  /** `ws://127.0.0.1:PORT` */
  readonly url: string;
  /** `http://127.0.0.1:PORT` */
  readonly httpUrl: string;
}

/** Sections of a configuration, with the keys of its file. `venue`: settings for every venue. */
export interface SimulatedValues {
  readonly coins?: readonly string[] | { readonly all: true; readonly top_by_volume?: number };
  readonly feed?: object;
  readonly venue?: object;
  /** Uses Binance's market-data-only host as the second host for streams and REST. */
  readonly dataOnly?: boolean;
  /**
   * Folder of the file sink. The spill gets a folder beside it, because the default folder is the same for all tests.
   */
  readonly file?: { readonly dir: string };
  readonly stats?: object;
}

/** Values of a configuration in which every venue is simulated. */
export function simulatedValues({ url, httpUrl }: SimulatorAddress, values: SimulatedValues = {}): object {
  const { coins = ['BTC', 'ETH', 'SOL'], feed = {}, venue = {}, dataOnly = false, file, stats } = values;
  return {
    coins,
    environment: 'simulated',
    feed: { channels: ['trade', 'ticker'], allow_test_data: true, ...feed },
    venues: Object.fromEntries(
      VENUE_IDS.map((id) => [id, { ...simulatedUrls({ url, httpUrl }, id, dataOnly), ...venue }]),
    ),
    ...(file === undefined ? {} : { sinks: ['file'], file, spill: { dir: `${file.dir}-spill` } }),
    ...(stats === undefined ? {} : { stats }),
  };
}

function simulatedUrls({ url, httpUrl }: SimulatorAddress, venue: VenueId, dataOnly: boolean): object {
  const path = venue === 'bybit' ? '/v5/public/spot' : '/stream';
  const hosts = dataOnly && venue === 'binance' ? [venue, `${venue}/data-only`] : [venue];
  return {
    websocket_urls: hosts.map((host) => `${url}/${host}${path}`),
    rest_urls: hosts.map((host) => `${httpUrl}/${host}`),
  };
}

/** A record that the feed published, with its time. */
export interface Published {
  /** When it was published, by the feed's monotonic clock, milliseconds. */
  readonly at: number;
  readonly record: FeedRecord;
  readonly barrier: boolean;
}

/** A status record with its time, as in `Published`. */
export type StampedStatus = FeedStatus & { readonly at: number };
/** The values that a status record must have to match. Other fields may have any value. */
export type Wanted = Partial<Omit<FeedStatus, 'switch'>> & { readonly switch?: Partial<VenueSwitch> };

export interface SimulatedFeedOptions extends SimulatedValues {
  /** Trades a second by venue; venues that are not named make none. */
  readonly rates: Partial<Record<VenueId, number>>;
  /** Number of coins that share the trades of a venue, whether the feed subscribes to them or not. Default: 20. */
  readonly symbols?: number;
  /** The age at which the feed expects venues to close a connection, milliseconds. */
  readonly lifetimeMs?: number;
  /** Time between two requests for the instruments of a venue, milliseconds, with `coins: { all: true }`. */
  readonly listEveryMs?: number;
  /** Measures the venues' clocks, so that late data is found. Default: false. */
  readonly measuresClocks?: boolean;
  /** Records all network traffic to this file, which is complete after `end`. */
  readonly recordTo?: string;
  /** Runs before the feed is started. */
  readonly before?: (simulator: Simulator) => void;
  readonly onFrame?: (venue: VenueId, line: number, frame: RawFrame) => void;
}

/** A whole feed with its own simulator, and everything that it published. Close it with `await using`. */
export class SimulatedFeed implements AsyncDisposable {
  readonly simulator: Simulator;
  readonly feed: RunningFeed;
  readonly published: Published[] = [];
  /** The records of `published`, by kind. */
  readonly #byKind = new Map<FeedRecord['kind'], FeedRecord[]>();
  readonly #statuses: StampedStatus[] = [];
  readonly #folder: string;
  readonly #capture: CaptureFile | undefined;
  #running = true;

  private constructor(simulator: Simulator, feed: RunningFeed, folder: string, capture: CaptureFile | undefined) {
    this.simulator = simulator;
    this.feed = feed;
    this.#folder = folder;
    this.#capture = capture;
    feed.output$.subscribe(({ records, barrier }) => {
      const at = monotonicScheduler.now();
      for (const record of records) {
        this.published.push({ at, record, barrier });
        getOrCreate(this.#byKind, record.kind, () => []).push(record);
        if (record.kind === 'status') this.#statuses.push({ ...record, at });
      }
    });
  }

  static async start(options: SimulatedFeedOptions): Promise<SimulatedFeed> {
    const folder = await mkdtemp(join(tmpdir(), 'market-feed-simulated-'));
    const none = Object.fromEntries(VENUE_IDS.map((venue) => [venue, 0]));
    const simulator = await startSimulator({
      rate: { ...none, ...options.rates },
      symbols: options.symbols ?? 20,
      journal: join(folder, 'journal.ndjson'),
    });
    const config = loadConfig({ values: simulatedValues(simulator, options) });
    const { onFrame, lifetimeMs, listEveryMs, measuresClocks = false, recordTo } = options;
    const capture = recordTo === undefined ? undefined : await createCapture(recordTo, config);
    const dependencies = {
      scheduler: monotonicScheduler,
      wallClockMs: Date.now,
      instance: randomUUID(),
      ...(measuresClocks ? { latencies: new Latencies(wallClock(), () => monotonicScheduler.now()) } : {}),
      ...(lifetimeMs === undefined ? {} : { lifetimeMs }),
      ...(listEveryMs === undefined ? {} : { listEveryMs }),
      ...(capture === undefined ? {} : { networks: capture.networks, random: capture.random }),
    };
    const feed = buildFeed(config, { ...dependencies, ...(onFrame === undefined ? {} : { onFrame }) });
    const simulated = new SimulatedFeed(simulator, feed, folder, capture);
    options.before?.(simulator);
    feed.start();
    return simulated;
  }

  get records(): readonly FeedRecord[] {
    return this.published.map(({ record }) => record);
  }

  /** All published records of one kind, in order. */
  of<K extends FeedRecord['kind']>(kind: K): Extract<FeedRecord, { kind: K }>[] {
    const records = this.#byKind.get(kind) ?? [];
    return records.filter((record): record is Extract<FeedRecord, { kind: K }> => record.kind === kind);
  }

  /** The status records with all these fields. In `details` and `switch`, only the given fields must match. */
  statuses(wanted: Wanted): StampedStatus[] {
    const { details = {}, switch: venueSwitch = {}, ...fields } = wanted;
    const has = (of: object | null, all: object) =>
      Object.entries(all).every(([key, value]) => (of as Record<string, unknown> | null)?.[key] === value);
    return this.#statuses.filter(
      (status) => has(status, fields) && has(status.details, details) && has(status.switch, venueSwitch),
    );
  }

  /** Waits until `count` status records match, and returns the last of them. */
  async untilStatus(
    wanted: Parameters<SimulatedFeed['statuses']>[0],
    { count = 1, timeoutMs = 30_000 } = {},
  ): Promise<StampedStatus> {
    await until(() => this.statuses(wanted).length >= count, {
      timeoutMs,
      everyMs: 5,
      message: () => `${JSON.stringify(wanted)} ${count} times; reported was\n${this.story().join('\n')}`,
    });
    return this.statuses(wanted)[count - 1] as StampedStatus;
  }

  /** Waits until `count` more trades are published, of any venue or of the given one. */
  async moreTrades(count: number, venue?: VenueId): Promise<void> {
    const trades = () => this.of('trade').filter((trade) => venue === undefined || trade.venue === venue).length;
    const from = trades();
    await until(() => trades() - from >= count, {
      message: () => `${count} more trades of ${venue ?? 'any venue'}; reported was\n${this.story().join('\n')}`,
    });
  }

  /** The status records without heartbeats, one row each. */
  story(): string[] {
    return this.statuses({}).flatMap(({ at, state, venue, symbol, line, cause, reason, details }) =>
      state === 'heartbeat'
        ? []
        : [[at.toFixed(0), state, venue, symbol, line, cause, reason, JSON.stringify(details)].join(' ')],
    );
  }

  /** Stops the feed and the simulator, and returns the journal of the simulator. */
  async end(): Promise<JournalEvent[]> {
    await this.#stop();
    return readJournal(join(this.#folder, 'journal.ndjson'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.feed.stop('the test is over');
    await this.#capture?.close();
    await this.simulator.close();
  }
}
