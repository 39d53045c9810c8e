import type { Fault } from '../domain/fault.ts';
import type { AggTrade, Environment, FeedRecord, Gap, TradeEvent, TradeStats } from '../domain/record.ts';

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
   * Not delivered, may be tried again, `afterMs` at the earliest. Where the fault's own retry is `never` this sink is over:
   * it will take nothing any more (another writer took over).
   */
  | { readonly kind: 'retry'; readonly afterMs?: number; readonly fault: Fault }
  /** Will never be accepted: goes to dead letters. */
  | { readonly kind: 'rejected'; readonly fault: Fault };

export type Health =
  | { readonly state: 'up' }
  | { readonly state: 'down'; readonly sinceMs: number; readonly reason: string };

/** The trade that a series goes on from. */
export interface LastTrade {
  /** The last id that it stands for. */
  readonly id: string;
  /** Milliseconds since 1970, the venue's clock. */
  readonly timestamp: number;
}

/** Where the records of one venue and symbol end in a sink: its last epoch there, and the last trade published in it. */
export interface Ending {
  readonly venue: string;
  readonly symbol: string;
  readonly epoch: number;
  readonly environment: Environment;
  /** null: none in this epoch yet; undefined: not known, nothing can go on from here. */
  readonly trade: LastTrade | null | undefined;
  readonly aggTrade: LastTrade | null | undefined;
}

/** What of the topics is a writer's own where several share them. */
export interface OwnPart {
  readonly has: (symbol: string) => boolean;
  /** False: none of its trades is in that partition, of so many. */
  readonly mayBeIn: (partition: number, of: number) => boolean;
}

/** Which series an ending is asked for: only these are looked for in the topics. */
export interface EndingsOptions {
  /** The topics of one environment: `` or `simulated.`; it is the configured one, so all positions are there. */
  readonly environmentPrefix: string;
  /** Other environments of the same run: what their venues published is in topics of their own (`testnet.`). */
  readonly otherPrefixes?: readonly string[];
  readonly trades: boolean;
  readonly aggTrades: boolean;
  /** All by default. */
  readonly own?: OwnPart;
}

/** What a start wants to know of the near past. */
export interface RecentOptions {
  /** Topics of these environments, as in EndingsOptions. */
  readonly environmentPrefix: string;
  readonly otherPrefixes?: readonly string[];
  readonly kind: 'trade' | 'agg_trade';
  /** Of which venues and symbols, as `endings` told them. The last trade of a venue is the latest that these name. */
  readonly endings: readonly Ending[];
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
  readonly trades: readonly (TradeEvent | AggTrade)[];
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
   * Where every venue and symbol ends, read from the sink itself: from `positions` and what was published after them.
   * Called once, after `open`, which made sure that nothing of a former writer can still land.
   */
  endings(options: EndingsOptions): Promise<readonly Ending[]>;
  /** What was published lately of the series that `endings` told of. Called once at the most, after it; bounded in memory and time. */
  recent(options: RecentOptions): Promise<Recent>;
  /** Delivers what it holds back and releases everything. */
  close(): Promise<void>;
  health(): Health;
}
