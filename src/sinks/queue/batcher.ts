import type { OutRecord } from '../contract.ts';
import type { PendingLosses } from './pending-losses.ts';
import type { SinkQueue } from './sink-queue.ts';

export interface BatchOptions {
  /** Maximum records in one batch; 1000 by default. */
  readonly maxBatch?: number;
  /** Milliseconds that a batch waits for more records when the sink is idle; 0 by default. */
  readonly lingerMs?: number;
  /**
   * Minimum time between the starts of two batches while fewer than `enough` records wait, milliseconds; 0 by default.
   * Small batches all cost about the same. The first record after a pause goes at once.
   */
  readonly minIntervalMs?: number;
  /** If this many records wait, they go at once; 12 by default: a batch to Kafka costs as much as about 12 records. */
  readonly enough?: number;
}

/** Records that go to the sink together. */
export interface Batch {
  readonly records: readonly OutRecord[];
  /** When the oldest of them was pushed, milliseconds of the driver's clock. */
  readonly since: number;
  /** Sequence number of the first record. A gap record's number is a fraction between two records' numbers. */
  readonly firstSeq: number;
  /** Difference between the numbers of two records: 1, or less for gap records. */
  readonly seqStep: number;
  /** True if the spill has the records, too, so they survive this process. */
  readonly isSpilled: boolean;
}

export interface BatchSources {
  readonly queue: SinkQueue;
  readonly pendingLosses: PendingLosses;
  /** The backlog of the spill is sent before the queue. */
  readonly spill: { readonly isBacklogSaved: boolean; readonly backlog: SinkQueue } | undefined;
}

/** Makes batches of the waiting records and decides when the next one starts. */
export class Batcher {
  readonly #sources: BatchSources;
  readonly #options: Required<BatchOptions>;
  #lastBegunAt = Number.NEGATIVE_INFINITY;

  constructor(sources: BatchSources, { maxBatch = 1000, lingerMs = 0, minIntervalMs = 0, enough = 12 }: BatchOptions) {
    this.#sources = sources;
    this.#options = { maxBatch, lingerMs, minIntervalMs, enough: Math.min(enough, maxBatch) };
  }

  get hasEnough(): boolean {
    return this.#sources.queue.length >= this.#options.enough;
  }

  /** Milliseconds to wait for more records before an idle sink gets a batch. */
  waitMs(waiting: number, now: number): number {
    const { lingerMs, maxBatch } = this.#options;
    return lingerMs > 0 && waiting < maxBatch ? lingerMs : this.tooSoonMs(now);
  }

  /** Milliseconds until the next batch may start. */
  tooSoonMs(now: number): number {
    const { oldestAt, beginsWithBarrier } = this.#sources.queue;
    const { minIntervalMs } = this.#options;
    if (minIntervalMs === 0 || this.hasEnough || this.#hasBacklog || beginsWithBarrier) return 0;
    // A record older than the last batch's start was left out of that batch, and has waited long enough.
    if (oldestAt === undefined || oldestAt <= this.#lastBegunAt) return 0;
    return Math.max(0, Math.ceil(this.#lastBegunAt + minIntervalMs - now));
  }

  /** Remembers when a batch started. Call it when a batch is sent. */
  begun(now: number): void {
    this.#lastBegunAt = now;
  }

  /** Returns the next batch of waiting records; undefined if none wait. */
  take(): Batch | undefined {
    const { queue, pendingLosses, spill } = this.#sources;
    const { maxBatch } = this.#options;
    const isBehind = this.#hasBacklog;
    const source = isBehind && spill !== undefined ? spill.backlog : queue;
    const { head, oldestAt: since } = source;
    if (head === undefined || since === undefined) return undefined;
    const isSpilled = isBehind && spill?.isBacklogSaved === true;
    const firstSeq = head.seq;
    if (pendingLosses.isEmpty) return { records: source.take(maxBatch), since, firstSeq, seqStep: 1, isSpilled };
    const gaps = pendingLosses.takeDue(head.out, firstSeq);
    if (gaps.length > 0) {
      // Gap records are acknowledged in a separate batch, before the trade after the gap is written.
      const seqStep = 1 / (gaps.length + 1);
      return { records: gaps, since, firstSeq: firstSeq - 1 + seqStep, seqStep, isSpilled };
    }
    const records = source.take(maxBatch, (record, seq) => pendingLosses.isDue(record, seq));
    return { records, since, firstSeq, seqStep: 1, isSpilled };
  }

  get #hasBacklog(): boolean {
    return (this.#sources.spill?.backlog.length ?? 0) > 0;
  }
}
