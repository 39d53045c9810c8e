import { loadConfig } from '../../../src/config/load-config.ts';
import type { VenueId } from '../../../src/domain/instrument.ts';
import type { FeedRecord } from '../../../src/domain/record.ts';
import { type Pipeline, startPipeline } from '../../../src/runtime/run.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { VirtualProcess } from '../../../testing/virtual/virtual-process.ts';
import { VirtualSink, VirtualStore } from '../../../testing/virtual/virtual-sink.ts';
import { VirtualWorld } from '../../../testing/virtual/virtual-world.ts';
import { MemoryDisk } from '../../sinks/spill/memory-disk.ts';

export const COINS = ['BTC', 'ETH', 'SOL'];
const log = createLog({ level: 'silent' });

/** A pipeline over simulated venues in virtual time, whose records have the time at which the sink got them. */
export class AuditedMarket {
  readonly world: VirtualWorld;
  /** When the sink got each record, milliseconds since 1970; at most a second late. */
  readonly arrivals = new Map<FeedRecord, number>();
  readonly #store = new VirtualStore();
  readonly #disk = new MemoryDisk();
  readonly #config: ReturnType<typeof loadConfig>;
  #process: VirtualProcess | undefined;
  #pipeline: Pipeline | undefined;

  /** @param rate trades a second of each venue */
  constructor(venues: readonly VenueId[], { seed, rate }: { readonly seed: number; readonly rate: number }) {
    this.world = new VirtualWorld({ seed, venues, symbols: COINS.length, rate });
    this.#config = loadConfig({
      values: {
        coins: COINS,
        environment: 'simulated',
        feed: { venues, channels: ['trade', 'kline_1m'], allow_test_data: true },
        sinks: ['kafka'],
        kafka: { brokers: ['virtual:9092'] },
      },
    });
  }

  /** The records of the feed, without those of the healer. */
  get records(): readonly FeedRecord[] {
    return this.#store.records.filter((record) => !this.#store.healed.has(record));
  }

  async start(): Promise<void> {
    const { world } = this;
    const process = new VirtualProcess(world);
    this.#process = process;
    const pipeline = startPipeline(this.#config, {
      log,
      ...process.dependencies,
      sinks: { kafka: async () => new VirtualSink('kafka', world, process, this.#store) },
      listEveryMs: 3_600_000,
      spillDisk: () => this.#disk,
    });
    this.#pipeline = await world.until(pipeline);
  }

  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      const known = this.#store.records.length;
      await this.world.pass(1000);
      const now = this.world.wallClockMs();
      for (const record of this.#store.records.slice(known)) this.arrivals.set(record, now);
    }
  }

  async stop(): Promise<void> {
    if (this.#pipeline !== undefined) await this.world.until(this.#pipeline.stop('stopped'));
    this.kill();
  }

  kill(): void {
    this.#process?.kill();
  }
}
