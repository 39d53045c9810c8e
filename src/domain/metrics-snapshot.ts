/** Counts by name. */
export type Counts = Readonly<Record<string, number>>;

/** What the feed's thread counts since its start, for those who watch it over time. Plain values: they go to the gateway's thread. */
export interface MetricsSnapshot extends PipelineMetrics {
  readonly thread: ThreadMetrics;
}

export interface PipelineMetrics {
  /** Records published, by kind. */
  readonly records: Counts;
  /** Status records, by state. */
  readonly states: Counts;
  /** Gap records, by outcome. */
  readonly gaps: Counts;
  /** Ids that gap records name, as far as they could tell how many; and those of them that came after all. */
  readonly missingTrades: number;
  readonly filledTrades: number;
  /** Dead letters, by stage. */
  readonly deadLetters: Counts;
  /** Trades that no window counts, by reason. */
  readonly uncountedTrades: Counts;
  readonly venues: Readonly<Record<string, VenueMetrics>>;
  readonly sinks: Readonly<Record<string, SinkMetrics>>;
}

export interface VenueMetrics {
  readonly events: number;
  readonly malformed: number;
  readonly duplicates: number;
  /** Frames that tell nothing that is asked for, by reason. */
  readonly ignored: Counts;
  /** Data that is odd and passed on, by what is odd. */
  readonly warnings: Counts;
  /** Connections lost or not made, by the kind of fault. */
  readonly reconnects: Counts;
  readonly bookResyncs: number;
  /** Whole books that were asked for in vain. */
  readonly booksNotHad: number;
  /** Weight of the requests sent to its REST interface. */
  readonly restWeight: number;
  readonly venueToSocket: Distribution;
  readonly socketToEmitted: Distribution;
}

export interface SinkMetrics {
  readonly rejected: number;
  readonly conflated: number;
  readonly batches: number;
  /** Records dropped for want of room, by topic. */
  readonly dropped: Counts;
  /** Null: there is none. */
  readonly spill: SpillMetrics | null;
  readonly emittedToAcknowledged: Distribution;
}

export interface SpillMetrics {
  readonly records: number;
  readonly bytes: number;
  readonly limitBytes: number;
  /** Null: nothing is spilled. */
  readonly oldestMs: number | null;
  /** Stretches of files that could not be read. */
  readonly broken: number;
}

/** The thread that receives, decodes and publishes. */
export interface ThreadMetrics {
  /** The longest delay of its event loop within each second. */
  readonly eventLoopDelay: Distribution;
  /** How long its event loop was at work. */
  readonly busyMs: number;
  readonly heapUsedBytes: number;
  readonly heapLimitBytes: number;
  /** Outside of the heap, array buffers included. */
  readonly externalBytes: number;
  /** By kind of collection. */
  readonly gcRuns: Counts;
  readonly gcMs: Counts;
}

/** How observations in milliseconds are spread. */
export interface Distribution {
  readonly boundsMs: readonly number[];
  /** Observations that are no longer than each bound. */
  readonly within: readonly number[];
  readonly count: number;
  readonly sumMs: number;
}
