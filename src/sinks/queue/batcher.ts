import type { OutRecord } from '../contract.ts';
import type { LossLedger } from './loss-ledger.ts';
import type { OutQueue } from './out-queue.ts';

export interface BatchOptions {
  /** Records in one batch at most; 1000 by default. 1: each record at once, alone. */
  readonly maxBatch?: number;
  /** Milliseconds that a batch waits for more records when the sink is idle; 0 by default. */
  readonly lingerMs?: number;
  /**
   * Milliseconds from the start of one batch to the start of the next, while fewer than 12 records wait: small batches
   * cost much the same, whatever they carry. A record that comes after a pause goes at once. 0 by default.
   */
  readonly minIntervalMs?: number;
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

/** So many records go at once: a batch costs about as much as a dozen records. */
const ENOUGH = 12;

/** Makes batches of the records that wait, and decides when the next one begins. */
export class Batcher {
  readonly #spill: BatchSources['spill'];
  readonly #queue: OutQueue;
  readonly #ledger: LossLedger;
  readonly #maxBatch: number;
  readonly #lingerMs: number;
  readonly #minIntervalMs: number;
  readonly #enough: number;
  #lastBegunAt = Number.NEGATIVE_INFINITY;

  constructor(
    { queue, ledger, spill }: BatchSources,
    { maxBatch = 1000, lingerMs = 0, minIntervalMs = 0 }: BatchOptions,
  ) {
    this.#spill = spill;
    this.#queue = queue;
    this.#ledger = ledger;
    this.#maxBatch = maxBatch;
    this.#lingerMs = lingerMs;
    this.#minIntervalMs = minIntervalMs;
    this.#enough = Math.min(ENOUGH, maxBatch);
  }

  /** Enough records wait to end the wait for more. */
  get hasEnough(): boolean {
    return this.#queue.length >= this.#enough;
  }

  /** Milliseconds that an idle sink waits for more records than the `waiting` ones. */
  waitMs(waiting: number, now: number): number {
    return this.#lingerMs > 0 && waiting < this.#maxBatch ? this.#lingerMs : this.tooSoonMs(now);
  }

  /** Milliseconds until the next batch may begin. */
  tooSoonMs(now: number): number {
    const { oldestAt } = this.#queue;
    if (this.#minIntervalMs === 0 || this.hasEnough || this.#hasBacklog) return 0;
    // The last batch left the record behind: a barrier is between them.
    if (oldestAt === undefined || oldestAt <= this.#lastBegunAt) return 0;
    return Math.max(0, Math.ceil(this.#lastBegunAt + this.#minIntervalMs - now));
  }

  /** A batch goes to the sink. */
  begun(now: number): void {
    this.#lastBegunAt = now;
  }

  /** The next batch; undefined when nothing waits. */
  take(): Batch | undefined {
    const backlog = this.#hasBacklog ? this.#spill?.backlog : undefined;
    const source = backlog ?? this.#queue;
    const { head, oldestAt: since } = source;
    if (head === undefined || since === undefined) return undefined;
    const isSpilled = backlog !== undefined && this.#spill?.isBacklogSaved === true;
    const firstSeq = head.seq;
    if (this.#ledger.isEmpty) {
      return { records: source.take(this.#maxBatch), since, firstSeq, seqStep: 1, isSpilled };
    }
    const gaps = this.#ledger.takeDue(head.out, firstSeq);
    if (gaps.length > 0) {
      // A batch of their own: they are acknowledged before the trade behind the gap is written.
      const seqStep = 1 / (gaps.length + 1);
      return { records: gaps, since, firstSeq: firstSeq - 1 + seqStep, seqStep, isSpilled };
    }
    const records = source.take(this.#maxBatch, (record, seq) => this.#ledger.isDue(record, seq));
    return { records, since, firstSeq, seqStep: 1, isSpilled };
  }

  get #hasBacklog(): boolean {
    return this.#spill !== undefined && this.#spill.backlog.length > 0;
  }
}
