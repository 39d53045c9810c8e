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

/** What outlives processes: the topics. */
export type Stored = OutRecord[];

/**
 * A sink that keeps what it is given, as a broker does: while it is away a batch hangs, a part of it stored or not, and
 * is completed without repeating when it is back, unless the process is gone by then.
 */
export class StoringSink implements Sink {
  readonly name = 'storing';
  isAway = false;
  /** How many records of a batch that comes while it is away are stored all the same. */
  storesWhenAway = 0;
  isDead = false;
  /** Batches that it still takes before it goes away by itself. */
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
    // As a broker that takes its time: what is written meanwhile is found too.
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
