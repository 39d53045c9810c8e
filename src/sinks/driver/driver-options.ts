import type { SchedulerLike } from 'rxjs';
import type { Fault } from '../../domain/fault.ts';
import type { BatchOptions } from '../queue/batcher.ts';
import type { OutGap } from '../queue/pending-losses.ts';
import type { SpillEvent, SpillOptions, SpillStats } from '../spill/spill-options.ts';
import type { DeliveryOptions } from './delivery.ts';
import type { SinkHealthOptions, SinkState } from './sink-health.ts';

export interface DriverOptions extends BatchOptions, DeliveryOptions, SinkHealthOptions {
  /** Runs all timers; its clock must be monotonic. */
  readonly scheduler: SchedulerLike;
  /**
   * Stores records on disk after a second without the sink, or when half of `maxRecords` or `maxBytes` is used. With a
   * spill, no record is delivered before `resume` has returned.
   */
  readonly spill?: SpillOptions;
  /** Returns the gap record for dropped trades with its topic and key; by default, `gaps` with the trades' prefix. */
  readonly outGap?: OutGap;
  /** Maximum number of records that wait in memory; 200,000 by default. */
  readonly maxRecords?: number;
  /** Maximum size of the waiting records in memory, approximate heap bytes; 256 MiB by default. */
  readonly maxBytes?: number;
  /** True by default: a newer price tick replaces a waiting one. */
  readonly conflates?: boolean;
  /** Called with the number of dropped records of each topic. */
  readonly onDropped?: (byTopic: ReadonlyMap<string, number>) => void;
  /** Called once when the sink has failed for good: another process may write now, so nothing is retried or spilled. */
  readonly onFailed?: (fault: Fault) => void;
  /** Called when the spill starts, fails, works again, is partly unreadable, or is empty. The reason is for people. */
  readonly onSpill?: (event: SpillEvent, reason: string) => void;
}

/** Number of records left at the end: `spilled` ones are on disk for the next start, `undelivered` ones are lost. */
export interface CloseResult {
  readonly undelivered: number;
  readonly spilled: number;
}

export interface DriverStats {
  readonly state: SinkState;
  readonly reason: string;
  /** Number of records that wait (in memory or in the spill) or are in flight. */
  readonly queued: number;
  /** Age of the oldest record that is not acknowledged, milliseconds; null: all are acknowledged. */
  readonly oldestUnackedMs: number | null;
  readonly delivered: number;
  readonly rejected: number;
  /** Price ticks that a newer one replaced before delivery. */
  readonly conflated: number;
  readonly batches: number;
  /** Records dropped because there was no room, by topic. */
  readonly dropped: Readonly<Record<string, number>>;
  /** null: the driver has no spill. */
  readonly spill: SpillStats | null;
}

export interface PushOptions {
  /** True: later records are written only after this one is acknowledged or rejected. */
  readonly barrier?: boolean;
}
