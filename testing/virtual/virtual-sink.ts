import { codecOf } from '../../src/codec/avro.ts';
import { topicNameOf } from '../../src/codec/environment-topics.ts';
import { asFault, Fault } from '../../src/domain/fault.ts';
import type { FeedRecord, Position, TradeEvent } from '../../src/domain/record.ts';
import { BrokerError } from '../../src/kafka/broker-error.ts';
import type {
  CheckpointOptions,
  Outcome,
  OutRecord,
  Recent,
  RecentOptions,
  SeriesCheckpoint,
  Sink,
  SinkArchive,
} from '../../src/sinks/contract.ts';
import { Checkpoints, seriesKey } from '../../src/sinks/resume/checkpoints.ts';
import { byKind, type Dated, pick, soughtOf } from '../../src/sinks/resume/lookback.ts';
import type { VirtualProcess } from './virtual-process.ts';
import type { VirtualWorld } from './virtual-world.ts';

/** The records that the sinks of all processes have written, as a broker keeps them. */
export class VirtualStore {
  readonly records: FeedRecord[] = [];
  /** The records of `late-trades`. They are not in `records`. */
  readonly late: TradeEvent[] = [];
  /** The members of `records` that healers have written. */
  readonly healed = new Set<FeedRecord>();
  /** Writes fail until this time of the virtual clock, milliseconds. */
  awayUntil = 0;
  /** Number of the latest writer. All earlier writers are fenced. */
  writer = 0;
  /** The same for healers, which have a fence of their own. */
  healer = 0;
}

/** Options of a sink. */
export interface VirtualSinkOptions {
  /** Awaited before the sink fences others. */
  readonly beforeFence?: (() => Promise<unknown>) | undefined;
  /** True while this process cannot reach the store. */
  readonly isCutOff?: () => boolean;
}

const MAX_AWAY_KEYS = 4;
const ARCHIVE_MS = 5;

/**
 * A sink of one process. It is slow at times, and may refuse the records of all keys or of some. The next sink on the
 * same store fences it when it opens.
 */
export class VirtualSink implements Sink {
  readonly name: string;
  readonly #world: VirtualWorld;
  readonly #process: VirtualProcess;
  readonly #store: VirtualStore;
  readonly #options: VirtualSinkOptions;
  #number = 0;

  constructor(
    name: string,
    world: VirtualWorld,
    process: VirtualProcess,
    store: VirtualStore,
    options: VirtualSinkOptions = {},
  ) {
    this.name = name;
    this.#options = options;
    this.#world = world;
    this.#process = process;
    this.#store = store;
  }

  async open(): Promise<void> {
    await this.#waitLatency();
    if (this.#isAway) throw AWAY;
    if (this.#options.beforeFence !== undefined) {
      await this.#options.beforeFence();
      await this.#waitLatency();
      if (this.#isAway) throw AWAY;
    }
    this.#number = ++this.#store.writer;
  }

  async write(batch: readonly OutRecord[]): Promise<readonly Outcome[]> {
    if (!this.#process.isAlive) return this.#process.alive(new Promise(() => {}));
    // A batch that has left the process is stored, even if the process is killed meanwhile.
    await this.#world.wait(this.#world.latencyMs());
    const outcomes = this.#storeBatch(batch);
    await this.#waitLatency();
    return outcomes;
  }

  async checkpoints({ environmentPrefixes, kinds }: CheckpointOptions): Promise<readonly SeriesCheckpoint[]> {
    await this.#waitLatency();
    if (this.#options.isCutOff?.() === true) throw AWAY;
    const records = this.#store.records.filter((record) =>
      topicNameOf(record, true).startsWith(environmentPrefixes[0] ?? ''),
    );
    const positions = new Map<string, Position>();
    for (const record of records) if (record.kind === 'position') positions.set(seriesKey(record), record);
    const checkpoints = new Checkpoints([...positions.values()], kinds);
    for (const record of records) checkpoints.add(record);
    return checkpoints.all();
  }

  async recent(options: RecentOptions): Promise<Recent> {
    await this.#waitLatency();
    const found = soughtOf(options).flatMap((sought) => {
      const records = this.#store.records.filter((record) => topicNameOf(record, true) === sought.topic);
      return pick(sought, records as Dated[]);
    });
    return { ...byKind(found), whole: true };
  }

  async close(): Promise<void> {}

  trouble(): undefined {
    return undefined;
  }

  archive(): SinkArchive {
    const store = this.#store;
    // A fixed latency: random ones would change the random numbers of everything else.
    const pause = () => this.#process.alive(this.#world.wait(ARCHIVE_MS));
    let number = 0;
    return {
      open: async () => {
        await pause();
        number = ++store.healer;
      },
      async *records(topic) {
        await pause();
        const late = topic.endsWith('late-trades') ? [...store.late] : undefined;
        yield* late ?? store.records.filter((record) => topicNameOf(record, true) === topic);
      },
      write: async (batch) => {
        await pause();
        const outcomes = this.#storeBatch(batch, { isHealer: true, isNewest: store.healer === number });
        await pause();
        return outcomes;
      },
      close: async () => {},
    };
  }

  #storeBatch(
    batch: readonly OutRecord[],
    { isHealer = false, isNewest = this.#store.writer === this.#number } = {},
  ): Outcome[] {
    const { random } = this.#world;
    const store = this.#store;
    if (!isNewest) return batch.map(() => ({ kind: 'retry', fault: FENCED }));
    const isAway = this.#isAway;
    const failing = random.below(20) === 0 ? random.below(MAX_AWAY_KEYS) : undefined;
    return batch.map(({ topic, key, record }): Outcome => {
      // Status records fail only together with all others. They are numbered over all keys, so a kill before a retry
      // would leave out a number.
      const fails = record.kind !== 'status' && key.length % MAX_AWAY_KEYS === failing;
      if (isAway || fails) return { kind: 'retry', fault: AWAY };
      try {
        codecOf(record.kind).encode(record);
      } catch (error) {
        return { kind: 'rejected', fault: asFault(error) };
      }
      if (topic.endsWith('late-trades') && record.kind === 'trade') store.late.push(record);
      else store.records.push(record);
      if (isHealer) store.healed.add(record);
      return { kind: 'delivered' };
    });
  }

  get #isAway(): boolean {
    return this.#world.scheduler.now() < this.#store.awayUntil || this.#options.isCutOff?.() === true;
  }

  #waitLatency(): Promise<void> {
    return this.#process.alive(this.#world.wait(this.#world.latencyMs()));
  }
}

const AWAY = new Fault('sink', 'the store is away');
const FENCED = new Fault('sink', 'another writer has opened it', {
  retry: { kind: 'never' },
  cause: new BrokerError('fenced', { broker: 'virtual', type: 'PRODUCER_FENCED' }),
});
