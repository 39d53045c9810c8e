import type { MarketKeyOf } from '../codec/environment-topics.ts';
import type { Fault } from '../domain/fault.ts';
import type { Audit, Environment, FeedRecord, Gap, TradeStats } from '../domain/record.ts';
import type { AnyTrade, TradeKind } from '../domain/trade-id.ts';
import type { Checkpoint } from '../operators/sequence/id-sequence.ts';

/** A record to publish, with its topic and key. */
export interface OutRecord {
  /** Topic with the environment's prefix, but without the configured prefix: `trades`, `simulated.trades`. */
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
   * Not delivered; the fault says when to retry. Retry `never`: the sink takes nothing more, as another writer started.
   */
  | { readonly kind: 'retry'; readonly fault: Fault }
  /** The sink will never accept it, so it goes to dead letters. */
  | { readonly kind: 'rejected'; readonly fault: Fault };

/** The last trade of a series (one kind of trades of one venue and symbol) in a sink, in its last epoch there. */
export interface SeriesCheckpoint {
  readonly venue: string;
  readonly symbol: string;
  readonly epoch: number;
  readonly environment: Environment;
  readonly kind: TradeKind;
  /** The last published trade. null: none in this epoch. undefined: unknown, so the series cannot resume. */
  readonly last: Checkpoint | null | undefined;
}

/** Selects the series whose checkpoints a process needs when it starts. */
export interface CheckpointOptions {
  /** Prefixes of the environments whose topics are read (`simulated.`). The first prefix's topic has all positions. */
  readonly environmentPrefixes: readonly string[];
  /** The published kinds of trades; `trade` comes first, if it is published. */
  readonly kinds: readonly TradeKind[];
  /** Message key of market records; the symbol by default. All series of a key share their epoch numbers. */
  readonly keyOf?: MarketKeyOf;
  /** The symbols of this writer, if several share the topics; all by default. */
  readonly isOwn?: ((symbol: string) => boolean) | undefined;
}

/** Selects the recent records that a process needs when it starts. */
export interface RecentOptions {
  /** Prefixes of the environments whose topics are read. The first prefix's topic has all gaps. */
  readonly environmentPrefixes: readonly string[];
  readonly kind: TradeKind;
  /** Message key of market records; the symbol by default. */
  readonly keyOf?: MarketKeyOf;
  /** The checkpoints of the wanted series, of `kind`. The latest one of a venue is the venue's last trade. */
  readonly checkpoints: readonly SeriesCheckpoint[];
  /** Minimum number of trades to read of each series, whatever their age. */
  readonly trades: number;
  /** All trades up to this long before their venue's last trade are wanted, too; milliseconds by the venue's clock. */
  readonly spanMs: number;
  /** Like `spanMs`, for statistics windows by the times of their ends; `spanMs` by default. */
  readonly windowsSpanMs?: number;
}

export interface Recent {
  /** In the order of publishing for each topic and symbol. An idle symbol may have too few: a sink bounds its reads. */
  readonly trades: readonly AnyTrade[];
  /** In the same order; a window may appear twice. */
  readonly windows: readonly TradeStats[];
  /** The gaps that reach into the span, in the same order. */
  readonly gaps: readonly Gap[];
  /** The audits of minutes that reach into the span, in the same order; one may appear twice. */
  readonly audits: readonly Audit[];
  /** False: part of the span may be missing, so windows in it cannot be rebuilt. */
  readonly whole: boolean;
}

/**
 * A destination of records. The driver awaits each `write` before the next one. The records of a key come in the order
 * of publishing.
 */
export interface Sink {
  readonly name: string;
  /**
   * Connects, creates topics, repairs torn files. Afterwards no record of a previous writer can arrive. Rejects with a
   * Fault.
   */
  open(): Promise<void>;
  /** Returns one outcome per record, in the order of the batch. Errors of the destination are outcomes, too. */
  write(batch: readonly OutRecord[]): Promise<readonly Outcome[]>;
  /** Reads the last trade of each series, from `positions` and the trades after them. Called once, after `open`. */
  checkpoints(options: CheckpointOptions): Promise<readonly SeriesCheckpoint[]>;
  /** Reads the recent records, within bounds of memory and time. Called at most once, after `checkpoints`. */
  recent(options: RecentOptions): Promise<Recent>;
  /** Delivers the batch in flight, and releases connections and files. May be called during a `write`. */
  close(): Promise<void>;
  /** Why the sink takes nothing at the moment, for people; undefined: no known trouble. */
  trouble(): string | undefined;
  /** Returns access to the stored records, beside the driver. Undefined: the sink cannot be read. */
  archive?(): SinkArchive;
}

/** What is read of a topic. */
export interface ArchiveReading {
  /** Records that arrived before this time may be left out, milliseconds since 1970. */
  readonly sinceMs: number;
  /** Records with other message keys may be left out. Default: the records of all keys are read. */
  readonly keys?: ReadonlySet<string>;
  /** True: only the partitions of the keys are read. After partitions were added, older records of a key are missed. */
  readonly onlyTheirPartitions?: boolean;
  /** Called and awaited after each part of the reading, with the number of its records, also of those left out. */
  readonly onPart?: (records: number) => Promise<void>;
}

/**
 * Reads the records that a sink has, and adds records to them, independently of the driver. Used to heal gaps, so it may
 * write `late-trades`, `gaps`, `trade-stats` and `audits` only. Promises reject with a Fault.
 */
export interface SinkArchive {
  /** Shuts out other archives of the same topics. Call it before `write`. */
  open(): Promise<void>;
  /**
   * Reads the records of a topic (without the configured prefix) in the order of each key, to the topic's end at the
   * time of the call.
   */
  records(topic: string, reading: ArchiveReading): AsyncIterable<FeedRecord>;
  /** Writes records as `Sink.write` does. Await each call before the next one. */
  write(batch: readonly OutRecord[]): Promise<readonly Outcome[]>;
  /** Ends readings and a write in progress, which then fail. */
  close(): Promise<void>;
}
