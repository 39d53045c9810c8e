import { expect } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import type { VenueId } from '../../src/domain/instrument.ts';
import type { Gap } from '../../src/domain/record.ts';
import { type Pipeline, startPipeline } from '../../src/runtime/run.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { healingProblems, openGapsOf } from '../../testing/judges/judge-healing.ts';
import { VirtualProcess } from '../../testing/virtual/virtual-process.ts';
import { VirtualSink, VirtualStore } from '../../testing/virtual/virtual-sink.ts';
import { VirtualWorld } from '../../testing/virtual/virtual-world.ts';
import { MemoryDisk } from '../sinks/spill/memory-disk.ts';

export const SECOND_MS = 1000;
const log = createLog({ level: 'silent' });

interface VirtualRunOptions {
  readonly venues: readonly VenueId[];
  readonly seed?: number;
  /** Trades a second of each venue. */
  readonly rate?: number;
  readonly mode?: 'failover' | 'all';
  readonly sinks?: readonly ('file' | 'kafka')[];
}

/** A pipeline in virtual time, whose records outlive it. */
export class VirtualRun {
  readonly world: VirtualWorld;
  readonly stores: readonly VirtualStore[];
  readonly #options: Required<VirtualRunOptions>;
  #process: VirtualProcess | undefined;
  #pipeline: Pipeline | undefined;
  #starts = 0;

  constructor({ venues, seed = 1, rate = 100, mode = 'failover', sinks = ['file'] }: VirtualRunOptions) {
    this.#options = { venues, seed, rate, mode, sinks };
    this.world = new VirtualWorld({ seed, venues, symbols: 2, rate });
    this.stores = sinks.map(() => new VirtualStore());
  }

  /** The records of the first sink. */
  get store(): VirtualStore {
    return this.stores[0] as VirtualStore;
  }

  /** Starts a process, even if another one still runs. */
  async start(): Promise<VirtualProcess> {
    const { world } = this;
    const { venues, mode, sinks } = this.#options;
    const process = new VirtualProcess(world);
    const config = loadConfig({
      values: {
        coins: ['BTC', 'ETH'],
        environment: 'simulated',
        feed: { venues, mode, channels: ['trade', 'kline_1m'], allow_test_data: true },
        sinks,
        kafka: { brokers: ['virtual:9092'] },
      },
    });
    const newSink = (name: 'file' | 'kafka') => async () =>
      new VirtualSink(name, world, process, this.stores[sinks.indexOf(name)] ?? new VirtualStore());
    const starting = startPipeline(config, {
      log,
      ...process.dependencies,
      sinks: { file: newSink('file'), kafka: newSink('kafka') },
      spillDisk: () => new MemoryDisk(),
    });
    this.#starts++;
    this.#process = process;
    this.#pipeline = await world.until(starting);
    return process;
  }

  kill(): void {
    this.#process?.kill();
  }

  async stop(): Promise<void> {
    if (this.#pipeline !== undefined) await this.world.until(this.#pipeline.stop('the test is over'));
  }

  gaps(outcome?: Gap['outcome'], store = this.store): Gap[] {
    const gaps = store.records.filter((record) => record.kind === 'gap');
    return outcome === undefined ? gaps : gaps.filter((gap) => gap.outcome === outcome);
  }

  /** Passes time until the condition holds. */
  async until(holds: () => boolean, withinMs: number, stepMs = 100): Promise<void> {
    const end = this.world.scheduler.now() + withinMs;
    while (!holds() && this.world.scheduler.now() < end) await this.world.pass(stepMs);
    expect(holds()).toBe(true);
  }

  /** Makes a gap in BTC's trades at the first venue that cannot be repaired in time. */
  async makeGap(count: number, seconds = 15, stepMs = 100): Promise<Gap> {
    const [venue = 'binance'] = this.#options.venues;
    const before = this.gaps('unrepaired').length;
    this.world.fault({ venue, fault: 'refuse_rest', seconds, status: 503 });
    this.world.fault({ venue, fault: 'skip_trades', symbol: 'BTCUSDT', count });
    await this.until(() => this.gaps('unrepaired').length > before, (seconds + 30) * SECOND_MS, stepMs);
    return this.gaps('unrepaired').at(-1) as Gap;
  }

  /** True if no gap between two trades is open in any sink. */
  get isHealed(): boolean {
    return this.stores.every(({ records }) => openGapsOf(records).length === 0);
  }

  /** Problems of the late trades and healed gaps of all sinks. */
  problems(): string[] {
    const { journal } = this.world;
    return this.stores.flatMap(({ records, late }) =>
      healingProblems({ records, late, journal, mayRepeat: this.#starts > 1 }),
    );
  }
}
