import { join } from 'node:path';
import type { SchedulerLike } from 'rxjs';
import { marketKeyOf, messageKeyOf, topicNaming } from '../codec/environment-topics.ts';
import { topicOf } from '../codec/topics.ts';
import { type Config, environmentPrefixes } from '../config/config.ts';
import type { Fault } from '../domain/fault.ts';
import type { FeedRecord } from '../domain/record.ts';
import type { TradeKind } from '../domain/trade-id.ts';
import type { AckLatency } from '../feed/latency/ack-latency.ts';
import type { PreviousEpoch } from '../feed/resume/previous-runs.ts';
import type { PublishedWindows } from '../feed/resume/recent-trades.ts';
import { deadLetter } from '../feed/status/dead-letter.ts';
import { isTakenOver } from '../kafka/kafka-error.ts';
import type { CheckpointOptions, OutRecord, SeriesCheckpoint, Sink } from '../sinks/contract.ts';
import { SinkDriver } from '../sinks/driver/sink-driver.ts';
import type { SpillDisk } from '../sinks/spill/spill-disk.ts';
import type { SpillEvent } from '../sinks/spill/spill-options.ts';
import type { Logger } from '../telemetry/log.ts';
import { filterKnown, type RecordFilter } from './filter-known.ts';
import type { RunningFeed } from './running-feed.ts';

/* The part of a pipeline that carries records to one sink. */

/** Maximum records and bytes that wait in memory for a sink. */
const MOST_WAITING = 200_000;
const MOST_WAITING_BYTES = 256 * 2 ** 20;
/** Batches for files are large, because small blocks compress badly and each block costs a write. */
const FILE_BATCHES = { minIntervalMs: 100, enough: 500 };
const REPORTED_EVERY_MS = 1000;
const DELTAS = topicOf('book_delta').name;
const BARRIER = { barrier: true } as const;

type SinkObserver = Pick<RunningFeed, 'status' | 'publish' | 'deltasLost'>;

export interface SinkPipelineOptions {
  readonly scheduler: SchedulerLike;
  readonly config: Config;
  readonly log: Logger;
  readonly latency: AckLatency;
  /** Returns true for the symbols of this pipeline's shard. Undefined: it serves all symbols. */
  readonly isOwn: CheckpointOptions['isOwn'];
  readonly spillDisk: SpillDisk | undefined;
  /** The share of the memory for waiting records that this pipeline may use: above 0, at most 1. */
  readonly bufferShare: number;
  readonly onFailed: (fault: Fault) => void;
}

/** Carries the feed's records to one sink, and reports the sink's state to the feed. */
export class SinkPipeline {
  readonly name: string;
  readonly sink: Pick<Sink, 'archive'>;
  readonly driver: SinkDriver;
  readonly latency: AckLatency;
  checkpoints: readonly SeriesCheckpoint[] = [];
  readonly #options: SinkPipelineOptions;
  readonly #outOf: (record: FeedRecord) => OutRecord;
  #feed: SinkObserver | undefined;
  /** Set while the sink may have some of the records already. */
  #filter: RecordFilter | undefined;
  #down = false;
  #isOver = false;
  #dropped = new Map<string, number>();
  #reporting = false;
  /** True if book changes were dropped, and whole books have not been requested since. */
  #lacksDeltas = false;

  constructor(sink: Sink, options: SinkPipelineOptions) {
    const { scheduler, config, log, latency, isOwn, bufferShare, spillDisk, onFailed } = options;
    this.latency = latency;
    this.#options = options;
    this.#outOf = addressing(config);
    this.name = sink.name;
    this.sink = sink;
    this.driver = new SinkDriver(sink, {
      scheduler,
      ...(sink.name === 'kafka' ? kafkaBatches(config) : FILE_BATCHES),
      maxRecords: Math.ceil(MOST_WAITING * bufferShare),
      maxBytes: MOST_WAITING_BYTES * bufferShare,
      spill: { dir: join(config.spill.dir, sink.name), maxBytes: config.spill.maxMb * 2 ** 20, disk: spillDisk },
      outGap: (gap) => this.#outOf({ ...gap, environment: config.environment }),
      onFailed: (fault) => {
        this.#isOver = true;
        // In a cluster, this is normal: a shard's new owner fences the previous owner.
        const level = isOwn !== undefined && isTakenOver(fault.cause) ? 'debug' : 'error';
        log[level]({ event: 'sink_failed', sink: sink.name }, fault.message);
        onFailed(fault);
      },
      onSpill: (event, reason) => this.#onSpill(event, reason),
      onState: (state, reason) => this.#onState(state, reason),
      onDelivered: (records) => latency.acknowledged(records),
      onRejected: (record, fault) => this.#onRejected(record.record, fault.message),
      // If the sink has failed, its failure was reported, so its drops are not.
      onDropped: (byTopic) => {
        if (!this.#isOver) this.#onDropped(byTopic);
      },
    });
  }

  /** Reads where previous runs ended, including what is in the spill. */
  async open(): Promise<void> {
    await this.driver.opened;
    const { config, isOwn } = this.#options;
    this.checkpoints = await this.driver.resume(checkpointOptions(config, isOwn));
  }

  /**
   * Connects the sink to the feed. Writes the checkpoints again as positions, so that the next start finds them
   * whatever happens to this run.
   */
  start(feed: SinkObserver, previous: readonly PreviousEpoch[], windows: PublishedWindows | undefined): void {
    this.#feed = feed;
    this.#filter = filterKnown(this.checkpoints, previous, windows, marketKeyOf(this.#options.config.feed.mode));
    const [counted] = tradeKinds(this.#options.config);
    for (const { venue, symbol, epoch, kind, last } of this.checkpoints) {
      if (kind !== counted || last === null || last === undefined) continue;
      const { environment } = this.#options.config;
      const { id: tradeId, timestamp } = last;
      this.driver.push(this.#outOf({ kind: 'position', venue, symbol, epoch, tradeId, timestamp, environment }));
    }
  }

  /** Logs that the start waits for this sink, if it does. */
  remind(): void {
    const { state, reason } = this.driver.stats();
    if (state !== 'up')
      this.#options.log.warn({ event: 'sink_unavailable', sink: this.name }, `waits for ${this.#named(reason)}`);
  }

  push(out: OutRecord, barrier: boolean): void {
    const missing = this.#filter?.(out.record);
    if (missing === undefined) {
      this.#filter = undefined;
      this.driver.push(out, barrier ? BARRIER : undefined);
      return;
    }
    for (const rest of missing) {
      const isBarrier = barrier || rest.kind === 'gap';
      this.driver.push(rest === out.record ? out : this.#outOf(rest), isBarrier ? BARRIER : undefined);
    }
  }

  /** The reason after the sink's name. A fault of the sink names the sink itself. */
  #named(reason: string): string {
    return reason.startsWith(`${this.name}: `) ? reason : `${this.name}: ${reason}`;
  }

  #onState(state: string, reason: string): void {
    const feed = this.#feed;
    // Without a feed the state is not published, so it is logged: a waiting process must show why.
    if (feed === undefined) this.remind();
    else if (state === 'down' && !this.#down) {
      this.#down = true;
      feed.status({ state: 'sink_unavailable', reason: this.#named(reason), cause: this.name });
    } else if (state === 'up' && this.#down) {
      this.#down = false;
      feed.status({ state: 'sink_recovered', reason: `${this.name} takes records again`, cause: this.name });
    }
  }

  /** Requests whole books, but not while records are dropped: a snapshot is a hundred times as large as a change. */
  #makeUpForDeltas(): void {
    if (!this.#lacksDeltas || this.#reporting) return;
    this.#lacksDeltas = false;
    this.#feed?.deltasLost();
  }

  #onSpill(event: SpillEvent, reason: string): void {
    const fields = { event: `spill_${event}`, sink: this.name };
    if (event === 'drained') this.#options.log.info(fields, reason);
    else this.#options.log.warn(fields, this.#named(reason));
  }

  #onRejected(record: FeedRecord, reason: string): void {
    this.#options.log.error(
      { event: 'record_rejected', sink: this.name, kind: record.kind, reason },
      'record rejected',
    );
    if (record.kind === 'dead_letter' || record.kind === 'status') return;
    const payload = Buffer.from(JSON.stringify(record));
    const receivedAt = 'receivedAt' in record ? record.receivedAt : 0;
    const { environment } = this.#options.config;
    const { venue } = record;
    this.#feed?.publish([deadLetter({ venue, receivedAt, stage: 'encode', reason, payload, environment })]);
  }

  /** Reports at most once a second: many records may be dropped, and a report for each would add load. */
  #onDropped(byTopic: ReadonlyMap<string, number>): void {
    for (const [topic, count] of byTopic) {
      this.#dropped.set(topic, (this.#dropped.get(topic) ?? 0) + count);
      this.#lacksDeltas ||= topic.endsWith(DELTAS);
    }
    if (this.#reporting) return;
    this.#reporting = true;
    this.#options.scheduler.schedule(() => {
      this.#reporting = false;
      const details = Object.fromEntries(
        [...this.#dropped].map(([topic, count]) => [`dropped.${topic}`, String(count)]),
      );
      this.#dropped = new Map();
      this.#options.log.error({ event: 'records_dropped', sink: this.name, ...details }, 'records dropped');
      this.#feed?.status({
        state: 'sink_unavailable',
        reason: `${this.name} is too slow: records were dropped`,
        cause: this.name,
        details,
      });
      this.#options.scheduler.schedule(() => this.#makeUpForDeltas(), REPORTED_EVERY_MS);
    }, REPORTED_EVERY_MS);
  }
}

export function addressing({ feed: { mode, allowTestData } }: Config): (record: FeedRecord) => OutRecord {
  const topicNameOf = topicNaming(allowTestData);
  return (record) => ({ topic: topicNameOf(record), key: messageKeyOf(record, mode), record });
}

/** Selects the series that a pipeline continues. */
export function checkpointOptions(config: Config, isOwn: CheckpointOptions['isOwn']): CheckpointOptions {
  const environments = environmentPrefixes(config);
  return { environmentPrefixes: environments, kinds: tradeKinds(config), keyOf: marketKeyOf(config.feed.mode), isOwn };
}

/** Returns the published kinds of trades. Positions have the checkpoints of the first kind. */
export function tradeKinds({ feed: { channels } }: Config): readonly TradeKind[] {
  const kinds = (['trade', 'agg_trade'] as const).filter((kind) => channels.includes(kind));
  return kinds.length > 0 ? kinds : ['trade'];
}

function kafkaBatches({ kafka }: Config) {
  const { maxRecords, lingerMs, minIntervalMs } = kafka.batch;
  return { maxBatch: maxRecords, lingerMs, minIntervalMs };
}
