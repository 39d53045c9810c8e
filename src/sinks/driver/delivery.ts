import { asFault, Fault } from '../../domain/fault.ts';
import type { Outcome, OutRecord, Sink } from '../contract.ts';
import type { Batch } from '../queue/batcher.ts';
import type { PendingLosses } from '../queue/pending-losses.ts';

export interface DeliveryOptions {
  /** Milliseconds between retries, doubling; 100 to 5000 by default. */
  readonly backoff?: { readonly initialMs: number; readonly maxMs: number };
  /** Called for each batch with the records that the sink acknowledged, in order. */
  readonly onDelivered?: (records: readonly OutRecord[]) => void;
  /** Called for each record that the sink will never take. */
  readonly onRejected?: (record: OutRecord, fault: Fault) => void;
}

/** The result of one try. */
export interface Attempt {
  /** Why records have to be retried; undefined if no record needs a retry. */
  readonly fault: Fault | undefined;
  /** Milliseconds to wait before the next try. */
  readonly pauseMs: number;
}

/** Sends one batch at a time and keeps the records that have to be retried. */
export class Delivery {
  readonly #sink: Sink;
  readonly #pendingLosses: PendingLosses;
  readonly #options: DeliveryOptions;
  #failures = 0;
  /** The batch in flight; after a try, only its records that have to be retried. */
  batch: Batch | undefined;
  /** When the current try began, by the monotonic clock, milliseconds; undefined between tries. */
  sentAt: number | undefined;
  delivered = 0;
  rejected = 0;
  batches = 0;

  constructor(sink: Sink, pendingLosses: PendingLosses, options: DeliveryOptions) {
    this.#sink = sink;
    this.#pendingLosses = pendingLosses;
    this.#options = options;
  }

  /** Number of records in flight. */
  get length(): number {
    return this.batch?.records.length ?? 0;
  }

  /** Writes the batch to the sink once. Records to retry stay in `batch`. */
  async send(batch: Batch, now: number): Promise<Attempt> {
    this.batches++;
    this.sentAt = now;
    let outcomes: readonly Outcome[];
    try {
      outcomes = await this.#sink.write(batch.records);
    } catch (error) {
      const fault = asFault(error);
      outcomes = batch.records.map(() => ({ kind: 'retry', fault }));
    }
    this.sentAt = undefined;
    return this.#settle(batch, outcomes);
  }

  #settle(batch: Batch, outcomes: readonly Outcome[]): Attempt {
    const { records } = batch;
    const isAll = outcomes.length === records.length && outcomes.every(({ kind }) => kind === 'delivered');
    const delivered = isAll ? records : records.filter((_, index) => outcomes[index]?.kind === 'delivered');
    const missingOutcome = `sink ${this.#sink.name}: no outcome for a record`;
    const again: OutRecord[] = [];
    let fault: Fault | undefined;
    for (const [index, record] of isAll ? [] : records.entries()) {
      const outcome = outcomes[index] ?? { kind: 'retry', fault: new Fault('internal', missingOutcome) };
      if (outcome.kind === 'rejected') this.reject(record, outcome.fault);
      if (outcome.kind !== 'retry') continue;
      again.push(record);
      fault ??= outcome.fault;
    }
    this.batch = again.length === 0 ? undefined : { ...batch, records: again };
    if (delivered.length > 0) {
      this.#failures = 0;
      this.delivered += delivered.length;
      this.#pendingLosses.delivered(delivered);
      this.#options.onDelivered?.(delivered);
    }
    return { fault, pauseMs: fault === undefined ? 0 : this.backoffMs(this.#failures++, fault) };
  }

  /** Counts and reports a record that no retry will deliver. */
  reject(record: OutRecord, fault: Fault): void {
    this.rejected++;
    this.#options.onRejected?.(record, fault);
  }

  /** Milliseconds to wait after this number of failures, at least as long as the fault requires. */
  backoffMs(failures: number, { retry }: Fault): number {
    const afterMs = retry.kind === 'after' ? retry.afterMs : 0;
    const { initialMs, maxMs } = this.#options.backoff ?? { initialMs: 100, maxMs: 5000 };
    return Math.max(afterMs, Math.min(maxMs, initialMs * 2 ** Math.min(failures, 30)));
  }
}
