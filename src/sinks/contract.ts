import type { MarketKeyOf } from '../codec/environment-topics.ts';
import type { Fault } from '../domain/fault.ts';
import type { Environment, FeedRecord, Gap, TradeStats } from '../domain/record.ts';
import type { AnyTrade, TradeKind } from '../domain/trade-id.ts';
import type { Checkpoint } from '../operators/sequence/id-sequence.ts';

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
  /**
   * Not delivered, may be tried again when the fault's own retry says. If that is `never` this sink is over: it will take
   * nothing any more (another writer took over).
   */
  | { readonly kind: 'retry'; readonly fault: Fault }
  /** Will never be accepted: goes to dead letters. */
  | { readonly kind: 'rejected'; readonly fault: Fault };

/** Where a series (a kind of trades of one venue and symbol) ends in a sink, in its last epoch there. */
export interface SeriesCheckpoint {
  readonly venue: string;
  readonly symbol: string;
  readonly epoch: number;
  readonly environment: Environment;
  readonly kind: TradeKind;
  /** The last trade published; null: none in this epoch yet; undefined: unknown, so that nothing can resume from here. */
  readonly last: Checkpoint | null | undefined;
}

/** What of the topics is a writer's own where several share them. */
export interface OwnPart {
  readonly has: (symbol: string) => boolean;
  /** False: none of its trades is in that partition, of so many. */
  readonly mayBeIn: (partition: number, of: number) => boolean;
}

/** Which series a checkpoint is asked for: only these are looked for in the topics. */
export interface CheckpointOptions {
  /** The topics of these environments: `` or `simulated.`; the configured one, which has all positions, first. */
  readonly environmentPrefixes: readonly string[];
  /** The published kinds: trades first, if they are published. */
  readonly kinds: readonly TradeKind[];
  /** Message key of market records: what has one key has one numbering of epochs. The symbol by default. */
  readonly keyOf?: MarketKeyOf;
  /** All by default. */
  readonly own?: OwnPart | undefined;
}

/** What a start wants to know of the near past. */
export interface RecentOptions {
  /** As in CheckpointOptions. */
  readonly environmentPrefixes: readonly string[];
  readonly kind: TradeKind;
  /** As in CheckpointOptions. */
  readonly keyOf?: MarketKeyOf;
  /** The series: their checkpoints of that kind. The last trade of a venue is the latest that these name. */
  readonly checkpoints: readonly SeriesCheckpoint[];
  /** As many trades of each, … */
  readonly trades: number;
  /** … and in any case all that are less than so many milliseconds older than the last trade of their venue, by its clock. */
  readonly spanMs: number;
  /** The windows that end less than so many milliseconds before the last trade of their venue; as `spanMs` without it. */
  readonly windowsSpanMs?: number;
}

export interface Recent {
  /**
   * In the order of publishing for each topic and symbol. Of a quiet symbol they may be fewer than asked for, though
   * there are more: a sink does not read for ever.
   */
  readonly trades: readonly AnyTrade[];
  /** The windows published, in that order too; one may be there twice. */
  readonly windows: readonly TradeStats[];
  /** The gaps that reach into the span, in that order. */
  readonly gaps: readonly Gap[];
  /** False where the sink could not make sure that all of the span is there: windows in it cannot be rebuilt. */
  readonly whole: boolean;
}

/**
 * Where records go. The driver calls `write` with one batch at a time and awaits it: a sink never sees two writes at once.
 * The order of a batch is the order per key.
 */
export interface Sink {
  readonly name: string;
  /** Makes ready (connects, creates topics, repairs a torn file). Rejects with a Fault whose retry says what next. */
  open(): Promise<void>;
  /** One outcome per record, in the order of the batch. Never rejects for a reason of the far side. */
  write(batch: readonly OutRecord[]): Promise<readonly Outcome[]>;
  /**
   * Where each series ends, read from the sink itself: from `positions` and the trades published after them. Called once,
   * after `open`, which made sure that no record of a previous writer can still arrive.
   */
  checkpoints(options: CheckpointOptions): Promise<readonly SeriesCheckpoint[]>;
  /** The records published lately of the series in `checkpoints`. Called at most once, after it; bounded in memory and time. */
  recent(options: RecentOptions): Promise<Recent>;
  /** Delivers what it holds back and releases everything. */
  close(): Promise<void>;
  /** Why it takes nothing at the moment, for people; undefined: it knows of no trouble. */
  trouble(): string | undefined;
}
