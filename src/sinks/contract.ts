import type { Fault } from '../domain/fault.ts';
import type { FeedRecord, Position } from '../domain/record.ts';

/** A record on its way out. */
export interface OutRecord {
  /** Topic without the configured prefix, but with the environment's: `trades`, `simulated.trades`. */
  readonly topic: string;
  /** Message key, UTF-8. */
  readonly key: string;
  readonly record: FeedRecord;
}

/** What became of one record of a batch. */
export type Outcome =
  /** Acknowledged: the broker (all in-sync replicas) or the file system has it. */
  | { readonly kind: 'delivered' }
  /** Not delivered, may be tried again, `afterMs` at the earliest. */
  | { readonly kind: 'retry'; readonly afterMs?: number; readonly fault: Fault }
  /** Will never be accepted: goes to dead letters. */
  | { readonly kind: 'rejected'; readonly fault: Fault };

export type Health =
  | { readonly state: 'up' }
  | { readonly state: 'down'; readonly sinceMs: number; readonly reason: string };

/**
 * Where records go. The drain calls `write` with one batch at a time and awaits it: a sink never sees two writes at once.
 * The order of a batch is the order per key.
 */
export interface Sink {
  readonly name: string;
  /** Makes ready (connects, creates topics, repairs a torn file). Rejects with a Fault whose retry says what next. */
  open(): Promise<void>;
  /** One outcome per record, in the order of the batch. Never rejects for a reason of the far side. */
  write(batch: readonly OutRecord[]): Promise<readonly Outcome[]>;
  /** The last known position of every venue and symbol in the sink, for the topics of one environment prefix (`` or `simulated.`). */
  positions(environmentPrefix: string): Promise<readonly Position[]>;
  /** Delivers what it holds back and releases everything. */
  close(): Promise<void>;
  health(): Health;
}
