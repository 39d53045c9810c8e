import type { Fault } from '../../domain/fault.ts';
import type { OutRecord } from '../contract.ts';
import type { Batch } from '../queue/batcher.ts';
import type { LossLedger } from '../queue/loss-ledger.ts';
import type { OutQueue } from '../queue/out-queue.ts';
import type { Timers } from '../timers.ts';
import type { SpillDisk } from './spill-database.ts';

export interface SpillOptions {
  /** Folder of this sink alone, and of one process; made when it is needed. */
  readonly dir: string;
  readonly maxBytes: number;
  /** Instead of the folder's own, for tests. */
  readonly disk?: SpillDisk | undefined;
}

export type SpillEvent = 'spilling' | 'failing' | 'broken' | 'drained';

export interface SpillStats {
  /** Records on the disk that are not in flight. */
  readonly records: number;
  readonly bytes: number;
  /** Milliseconds since it was begun, or found; null: there is none. */
  readonly oldestMs: number | null;
  /** Stretches that could not be read. */
  readonly broken: number;
}

export interface SpillHooks {
  /** Records begin to go to the disk, it fails, takes again, cannot be read, and the spill is empty; for people. */
  onEvent(event: SpillEvent, reason: string): void;
  /** Records were dropped because the limit was reached, by topic. */
  onDropped(byTopic: ReadonlyMap<string, number>): void;
  onRejected(record: OutRecord, fault: Fault): void;
}

export interface SpillParts {
  readonly queue: OutQueue;
  readonly ledger: LossLedger;
  readonly timers: Timers;
  /** What is with the sink. */
  readonly delivery: { readonly batch: Batch | undefined };
}
