import type { OutRecord } from '../contract.ts';
import type { LossLedger } from './loss-ledger.ts';
import type { OutQueue } from './out-queue.ts';

export interface BatchOptions {
  /** Records in one batch at most; 1000 by default. 1: each record at once, alone. */
  readonly maxBatch?: number;
  /** Milliseconds that a batch waits for more records when the sink is idle; 0 by default. */
  readonly lingerMs?: number;
  /**
   * Milliseconds from the start of one batch to the start of the next, while fewer than `enough` records wait: small
   * batches cost much the same, whatever they carry. A record that comes after a pause goes at once. 0 by default.
   */
  readonly minIntervalMs?: number;
  /** So many records go at once; 12 by default: a batch to Kafka costs about as much as a dozen records. */
  readonly enough?: number;
}

/** Records that go to the sink together. */
export interface Batch {
  readonly records: readonly OutRecord[];
  /** When the oldest of them was pushed. */
  readonly since: number;
  /** Sequence number of the first record; the numbers of gaps lie between those of two records. */
  readonly firstSeq: number;
  readonly seqStep: number;
  /** The records are in the spill too, so they survive this process. */
  readonly isSpilled: boolean;
}

export interface BatchSources {
  readonly queue: OutQueue;
  readonly ledger: LossLedger;
  /** Its backlog goes before the queue. */
  readonly spill: { readonly isBacklogSaved: boolean; readonly backlog: OutQueue } | undefined;
}

/** Makes batches of the records that wait, and decides when the next one begins. */
export class Batcher {
  readonly #sources: BatchSources;
  readonly #options: Required<BatchOptions>;
  #lastBegunAt = Number.NEGATIVE_INFINITY;

  constructor(sources: BatchSources, { maxBatch = 1000, lingerMs = 0, minIntervalMs = 0, enough = 12 }: BatchOptions) {
    this.#sources = sources;
    this.#options = { maxBatch, lingerMs, minIntervalMs, enough: Math.min(enough, maxBatch) };
  }

  /** Enough records wait to end the wait for more. */
  get hasEnough(): boolean {
    return this.#sources.queue.length >= this.#options.enough;
  }

  /** Milliseconds that an idle sink waits for more records than the `waiting` ones. */
  waitMs(waiting: number, now: number): number {
    const { lingerMs, maxBatch } = this.#options;
    return lingerMs > 0 && waiting < maxBatch ? lingerMs : this.tooSoonMs(now);
  }

  /** Milliseconds until the next batch may begin. */
  tooSoonMs(now: number): number {
    const { oldestAt, beginsWithBarrier } = this.#sources.queue;
    const { minIntervalMs } = this.#options;
    if (minIntervalMs === 0 || this.hasEnough || this.#hasBacklog || beginsWithBarrier) return 0;
    // The last batch left the record behind: a barrier is between them.
    if (oldestAt === undefined || oldestAt <= this.#lastBegunAt) return 0;
    return Math.max(0, Math.ceil(this.#lastBegunAt + minIntervalMs - now));
  }

  /** A batch goes to the sink. */
  begun(now: number): void {
    this.#lastBegunAt = now;
  }

  /** The next batch; undefined when nothing waits. */
  take(): Batch | undefined {
    const { queue, ledger, spill } = this.#sources;
    const { maxBatch } = this.#options;
    const isBehind = this.#hasBacklog;
    const source = isBehind && spill !== undefined ? spill.backlog : queue;
    const { head, oldestAt: since } = source;
    if (head === undefined || since === undefined) return undefined;
    const isSpilled = isBehind && spill?.isBacklogSaved === true;
    const firstSeq = head.seq;
    if (ledger.isEmpty) return { records: source.take(maxBatch), since, firstSeq, seqStep: 1, isSpilled };
    const gaps = ledger.takeDue(head.out, firstSeq);
    if (gaps.length > 0) {
      // A batch of their own: they are acknowledged before the trade behind the gap is written.
      const seqStep = 1 / (gaps.length + 1);
      return { records: gaps, since, firstSeq: firstSeq - 1 + seqStep, seqStep, isSpilled };
    }
    const records = source.take(maxBatch, (record, seq) => ledger.isDue(record, seq));
    return { records, since, firstSeq, seqStep: 1, isSpilled };
  }

  get #hasBacklog(): boolean {
    return (this.#sources.spill?.backlog.length ?? 0) > 0;
  }
}
