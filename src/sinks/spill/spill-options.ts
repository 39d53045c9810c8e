import type { Fault } from '../../domain/fault.ts';
import type { OutRecord } from '../contract.ts';
import type { Batch } from '../queue/batcher.ts';
import type { PendingLosses } from '../queue/pending-losses.ts';
import type { SinkQueue } from '../queue/sink-queue.ts';
import type { Timers } from '../timers.ts';
import type { SpillDisk } from './spill-disk.ts';

export interface SpillOptions {
  /** A folder that only this sink of this process uses; created when needed. */
  readonly dir: string;
  readonly maxBytes: number;
  /** Used instead of `dir` in tests. */
  readonly disk?: SpillDisk | undefined;
}

export type SpillEvent = 'spilling' | 'failing' | 'broken' | 'drained';

export interface SpillStats {
  /** Records on the disk that are not in flight. */
  readonly records: number;
  readonly bytes: number;
  /** Milliseconds since the spill was created or found; null if there is none. */
  readonly oldestMs: number | null;
  /** Number of unreadable ranges of records. */
  readonly broken: number;
}

export interface SpillHooks {
  /** `reason` is for people. */
  onEvent(event: SpillEvent, reason: string): void;
  /** Called with the number of dropped records of each topic when the limit is reached. */
  onDropped(byTopic: ReadonlyMap<string, number>): void;
  onRejected(record: OutRecord, fault: Fault): void;
}

export interface SpillParts {
  readonly queue: SinkQueue;
  readonly pendingLosses: PendingLosses;
  readonly timers: Timers;
  readonly delivery: { readonly batch: Batch | undefined };
}
