import type { SchedulerLike } from 'rxjs';
import type { Fault } from '../../domain/fault.ts';
import type { BatchOptions } from '../queue/batcher.ts';
import type { OutGap } from '../queue/loss-ledger.ts';
import type { SpillEvent, SpillOptions, SpillStats } from '../spill/spill-options.ts';
import type { DeliveryOptions } from './delivery.ts';
import type { SinkHealthOptions, SinkState } from './sink-health.ts';

export interface DriverOptions extends BatchOptions, DeliveryOptions, SinkHealthOptions {
  /** Monotonic milliseconds and all timers. */
  readonly scheduler: SchedulerLike;
  /**
   * Where records go that the sink cannot take: after a second without it, or when half of the memory is used. With it
   * nothing is delivered before `resume`.
   */
  readonly spill?: SpillOptions;
  /** Topic and key of the gap record for dropped trades; the topic beside theirs by default. */
  readonly outGap?: OutGap;
  /** Records that may wait in memory; 200,000 by default. */
  readonly maxRecords?: number;
  /** Approximate heap bytes that may wait in memory; 256 MiB by default. */
  readonly maxBytes?: number;
  /** False: a price tick that waits stays when a newer one comes. True by default. */
  readonly conflates?: boolean;
  /** Called with how many records of each topic were dropped because there was no room. */
  readonly onDropped?: (byTopic: ReadonlyMap<string, number>) => void;
  /** Called once when the sink has failed for good: nothing is retried or spilled, because another process may write now. */
  readonly onFailed?: (fault: Fault) => void;
  /** Called when records begin to go to the spill, when the spill fails, recovers, cannot be read, and is empty; for people. */
  readonly onSpill?: (event: SpillEvent, reason: string) => void;
}

/** Records that were left at the end: in the spill for the next start, or nowhere. */
export interface CloseResult {
  readonly undelivered: number;
  readonly spilled: number;
}

export interface DriverStats {
  readonly state: SinkState;
  readonly reason: string;
  /** Records that wait, in memory or in the spill, or are in flight. */
  readonly queued: number;
  /** Milliseconds since the oldest record that is not acknowledged was pushed; null: all are. */
  readonly oldestUnackedMs: number | null;
  readonly delivered: number;
  readonly rejected: number;
  /** Price ticks that a newer one replaced before they left. */
  readonly conflated: number;
  readonly batches: number;
  /** Records dropped because there was no room, by topic. */
  readonly dropped: Readonly<Record<string, number>>;
  /** null: the driver has no spill. */
  readonly spill: SpillStats | null;
}

export interface PushOptions {
  /** Nothing pushed after this record is written before it is acknowledged (or rejected). */
  readonly barrier?: boolean;
}
