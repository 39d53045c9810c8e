/** Counts by name. */
export type Counts = Readonly<Record<string, number>>;

/**
 * Counters of the feed since its start, for Prometheus. It has only plain values, because it is sent to the gateway's
 * thread.
 */
export interface MetricsSnapshot extends PipelineMetrics {
  readonly thread: ThreadMetrics;
}

export interface PipelineMetrics {
  readonly records: Counts;
  readonly states: Counts;
  readonly gaps: Counts;
  /** Missing ids in gap records, and how many of them were filled. */
  readonly missingTrades: number;
  readonly filledTrades: number;
  readonly healing: HealingMetrics;
  readonly deadLetters: Counts;
  readonly uncountedTrades: Counts;
  readonly venues: Readonly<Record<string, VenueMetrics>>;
  readonly sinks: Readonly<Record<string, SinkMetrics>>;
}

/** What the healer of a sink does. */
export interface HealingMetrics {
  /** Number of gaps that are not healed, those of earlier runs included. */
  readonly openGaps: number;
  /** Number of these gaps that stay open, because the venue does not have their trades. */
  readonly leftGaps: number;
  /** Number of trades written to `late-trades`. */
  readonly lateTrades: number;
}

export interface VenueMetrics {
  readonly events: number;
  readonly malformed: number;
  readonly duplicates: number;
  readonly ignored: Counts;
  readonly warnings: Counts;
  /** Number of reconnects by kind of fault. */
  readonly reconnects: Counts;
  readonly bookResyncs: number;
  /** Number of failed requests for a whole book. */
  readonly booksNotHad: number;
  /** Weight of all REST requests that were sent, in the venue's unit. */
  readonly restWeight: number;
  readonly venueToSocket: Distribution;
  readonly socketToEmitted: Distribution;
}

export interface SinkMetrics {
  readonly rejected: number;
  readonly conflated: number;
  readonly batches: number;
  /** Number of dropped records by topic. */
  readonly dropped: Counts;
  /** Null if the sink has no spill. */
  readonly spill: SpillMetrics | null;
  readonly emittedToAcknowledged: Distribution;
}

export interface SpillMetrics {
  readonly records: number;
  readonly bytes: number;
  readonly limitBytes: number;
  /** Age of the oldest record, milliseconds; null if the spill is empty. */
  readonly oldestMs: number | null;
  /** Number of damaged parts of files, whose records could not be read. */
  readonly broken: number;
}

/** Numbers of the thread that receives, decodes and publishes. */
export interface ThreadMetrics {
  /** The longest delay of each second is one observation. */
  readonly eventLoopDelay: Distribution;
  /** How long the event loop was busy since the start, milliseconds. */
  readonly busyMs: number;
  readonly heapUsedBytes: number;
  readonly heapLimitBytes: number;
  /** Includes array buffers. */
  readonly externalBytes: number;
  /** Number of garbage collections by kind. */
  readonly gcRuns: Counts;
  readonly gcMs: Counts;
}

/** A histogram of milliseconds. */
export interface Distribution {
  readonly boundsMs: readonly number[];
  /** Number of observations up to each bound. */
  readonly within: readonly number[];
  readonly count: number;
  readonly sumMs: number;
}
