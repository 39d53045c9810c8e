import { isTrade } from '../../../src/domain/trade-id.ts';
import type {
  CheckpointOptions,
  Outcome,
  OutRecord,
  Recent,
  RecentOptions,
  SeriesCheckpoint,
  Sink,
} from '../../../src/sinks/contract.ts';
import { checkpointAt, type LastEpoch, seriesCheckpoints } from '../../../src/sinks/resume/checkpoints.ts';
import { byKind, type Dated, pick, soughtOf } from '../../../src/sinks/resume/lookback.ts';
import { delivered, retry } from '../fake-sink.ts';

/** The topics, which outlive processes. */
export type Stored = OutRecord[];

/**
 * A sink that stores its records, as a broker does. While it is away, a batch waits, with some of its records stored.
 * When it is back, the batch is completed without repeats, unless the process is gone.
 */
export class StoringSink implements Sink {
  readonly name = 'storing';
  isAway = false;
  /** Number of records that are stored of a batch that arrives while the sink is away. */
  storesWhenAway = 0;
  isDead = false;
  /** Number of batches after which the sink goes away by itself. */
  takes = Number.POSITIVE_INFINITY;
  readonly #stored: Stored;
  #isClosed = false;
  #waiting: (() => void) | undefined;

  constructor(stored: Stored) {
    this.#stored = stored;
  }

  async open(): Promise<void> {}

  async write(batch: readonly OutRecord[]): Promise<readonly Outcome[]> {
    let done = 0;
    if (--this.takes < 0) this.isAway = true;
    if (this.isAway) {
      done = Math.min(batch.length, this.storesWhenAway);
      if (!this.isDead) this.#stored.push(...batch.slice(0, done));
      while (this.isAway && !this.#isClosed) {
        await new Promise<void>((resolve) => {
          this.#waiting = resolve;
        });
      }
      if (this.isAway) return batch.map(() => retry());
    }
    if (!this.isDead) this.#stored.push(...batch.slice(done));
    return batch.map(() => delivered);
  }

  comeBack(): void {
    this.isAway = false;
    this.#waiting?.();
    this.#waiting = undefined;
  }

  async checkpoints({ kinds }: CheckpointOptions): Promise<readonly SeriesCheckpoint[]> {
    const epochs = new Map<string, LastEpoch>();
    for (const { record } of this.#stored) {
      if (record.kind !== 'position' && !isTrade(record)) continue;
      const { venue, symbol, epoch, environment } = record;
      const known = epochs.get(symbol);
      const last = new Map(known?.epoch === epoch ? known.last : kinds.map((kind) => [kind, null]));
      if (record.kind !== 'position') last.set(record.kind, checkpointAt(record));
      epochs.set(symbol, { venue, symbol, epoch, environment, last });
    }
    return seriesCheckpoints(epochs.values(), kinds);
  }

  async recent(options: RecentOptions): Promise<Recent> {
    // As with a slow broker, records that are written meanwhile are found too.
    await new Promise((resolve) => setImmediate(resolve));
    const found = soughtOf(options).flatMap((sought) => {
      const records = this.#stored.filter(({ topic, record }) => topic === sought.topic && record.kind === sought.kind);
      return pick(
        sought,
        records.map(({ record }) => record as Dated),
      );
    });
    return { ...byKind(found), whole: true };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting?.();
  }

  trouble(): undefined {
    return undefined;
  }
}
