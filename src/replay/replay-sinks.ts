import { messageKeyOf, topicNaming } from '../codec/environment-topics.ts';
import { type Config, environmentPrefixes } from '../config/config.ts';
import type { Fault } from '../domain/fault.ts';
import { getOrCreate } from '../domain/get-or-create.ts';
import type { FeedRecord } from '../domain/record.ts';
import type { FeedOutput } from '../feed/feed-event.ts';
import { monotonicScheduler } from '../net/monotonic-scheduler.ts';
import type { OutRecord } from '../sinks/contract.ts';
import { SinkDriver } from '../sinks/driver/sink-driver.ts';
import { heapBytes } from '../sinks/queue/sink-queue.ts';
import { type SinkSettings, sinks } from '../sinks/registry.ts';
import type { Logger } from '../telemetry/log.ts';

/* Delivers the records of a replay to its sinks, in batches that do not depend on speed. */

export interface ReplaySinksOptions {
  readonly log: Logger;
  /** The virtual wall clock, for the names of files. */
  readonly wallClockMs: () => number;
  /** Called for each record that a sink rejects, once its batch is acknowledged. */
  readonly onRejected: (record: FeedRecord, fault: Fault) => void;
  /** Default: the registry of sinks. */
  readonly makers?: Partial<typeof sinks>;
}

/** Length of a window, in records. In a window, a newer price tick replaces an older one. */
const WINDOW_RECORDS = 500;
/** Length of a window, in milliseconds of the capture. Market data waits for at most two windows. */
const LONGEST_WAIT_MS = 1000;
/** A batch is sent at the end of the window in which it reaches about this many heap bytes. */
const BATCH_BYTES = 4 * 2 ** 20;
const CLOSE_WITHIN_MS = 5000;
const BARRIER = { barrier: true } as const;

/**
 * Sends the records of a replay to its sinks, each batch after the previous batch was acknowledged. The capture alone
 * decides which records are in a batch. So every replay makes the same batches and file blocks and replaces the same
 * price ticks, whatever the machine's speed.
 */
export class ReplaySinks {
  /** Number of records by topic, before price ticks replaced each other. */
  readonly counts = new Map<string, number>();
  readonly #config: Config;
  readonly #topicOf: (record: FeedRecord) => string;
  readonly #options: ReplaySinksOptions;
  #drivers: readonly SinkDriver[] = [];
  /** Rejects when a sink has failed for good, with the sink's fault. */
  readonly #failed = Promise.withResolvers<never>();
  #waiting: OutRecord[] = [];
  #barriers = new Set<OutRecord>();
  #bytes = 0;
  /** When the first waiting market data came, milliseconds of the capture. */
  #since: number | undefined;
  /** Number of records in the current window. */
  #inWindow = 0;
  /** When the first market data of the current window came, milliseconds of the capture. */
  #windowSince: number | undefined;
  /** Topic → key → index of the price tick that a newer one may replace. */
  readonly #ticks = new Map<string, Map<string, number>>();
  /** When the last batch was sent, by the virtual wall clock, milliseconds. New files are named by this time. */
  #handedMs: number;
  #rejected: { readonly record: FeedRecord; readonly fault: Fault }[] = [];

  private constructor(config: Config, options: ReplaySinksOptions) {
    this.#config = config;
    this.#topicOf = topicNaming(config.feed.allowTestData);
    this.#options = options;
    this.#handedMs = options.wallClockMs();
    // Not an unhandled rejection: each wait for a sink throws the fault.
    this.#failed.promise.catch(() => {});
  }

  static async open(config: Config, options: ReplaySinksOptions): Promise<ReplaySinks> {
    const opened = new ReplaySinks(config, options);
    await opened.#open();
    return opened;
  }

  async #open(): Promise<void> {
    const config = this.#config;
    const { log } = this.#options;
    const makers = { ...sinks, ...this.#options.makers };
    const settings: SinkSettings = {
      kafka: config.kafka,
      file: config.file,
      // No next start may convert what is left.
      parquet: { ...config.parquet, closeTimeoutMs: Number.POSITIVE_INFINITY },
      environmentPrefixes: environmentPrefixes(config),
      log: (level, message, details) => log[level]({ event: 'sink', ...details }, message),
      now: () => monotonicScheduler.now(),
      wallClockMs: () => this.#handedMs,
    };
    this.#drivers = await Promise.all(
      config.sinks.map(async (name) => {
        const sink = await makers[name](settings);
        return new SinkDriver(sink, {
          scheduler: monotonicScheduler,
          maxBatch: name === 'kafka' ? config.kafka.batch.maxRecords : Number.POSITIVE_INFINITY,
          conflates: false,
          // How long a sink takes must not change the records: it is not part of the capture.
          downAfterMs: Number.POSITIVE_INFINITY,
          onState: (state, reason) => {
            if (state === 'down') log.warn({ event: 'sink_unavailable', sink: name }, `waits for ${name}: ${reason}`);
          },
          onRejected: ({ record }, fault) => this.#rejected.push({ record, fault }),
          onFailed: (fault) => this.#failed.reject(fault),
        });
      }),
    );
    try {
      await Promise.all(this.#drivers.map(({ opened }) => opened));
    } catch (error) {
      await Promise.all(this.#drivers.map((driver) => driver.close({ timeoutMs: 0 })));
      throw error;
    }
  }

  /** Adds the feed's output; `now` is in milliseconds of the capture. */
  take({ records, barrier }: FeedOutput, now: number): void {
    const { feed } = this.#config;
    for (const record of records) {
      const topic = this.#topicOf(record);
      this.counts.set(topic, (this.counts.get(topic) ?? 0) + 1);
      const out = { topic, key: messageKeyOf(record, feed.mode), record };
      this.#inWindow++;
      if (record.kind !== 'status' && record.kind !== 'position') {
        this.#since ??= now;
        this.#windowSince ??= now;
      }
      if (record.kind === 'price' && this.#replaces(out)) continue;
      this.#bytes += heapBytes(record);
      this.#waiting.push(out);
      if (barrier) this.#barriers.add(out);
    }
  }

  /** Returns true if `pass` has to be called before time moves to this moment. */
  isDue(at: number): boolean {
    if (this.#inWindow >= WINDOW_RECORDS) return true;
    // Records of earlier windows may wait too.
    const since = this.#windowSince ?? this.#since;
    return since !== undefined && at - since >= LONGEST_WAIT_MS;
  }

  /** Ends the window and sends a batch if it is due. Resolves when time may move on. @throws Fault of a failed sink */
  async pass(at: number): Promise<void> {
    const isLate = this.#since !== undefined && at - this.#since >= LONGEST_WAIT_MS;
    if (isLate || this.#bytes >= BATCH_BYTES) await this.#passOn();
    else this.#endWindow();
  }

  /** Sends all records, dead letters included. Resolves when all are acknowledged. @throws Fault of a failed sink */
  async settle(): Promise<void> {
    do {
      await this.#passOn();
      await this.#acknowledged();
    } while (this.#waiting.length > 0);
  }

  /** Resolves when all sent records are acknowledged and the rejected ones reported. */
  async #acknowledged(): Promise<void> {
    await Promise.race([Promise.all(this.#drivers.map((driver) => driver.idle())), this.#failed.promise]);
    this.#reportRejected();
  }

  /** Delivers the records that still wait, for example after an aborted replay. Gives up after 5 s. */
  async close(): Promise<{ readonly undelivered: number }> {
    this.#push();
    const ends = await Promise.all(this.#drivers.map((driver) => driver.close({ timeoutMs: CLOSE_WITHIN_MS })));
    this.#reportRejected();
    const late = this.#waiting.length * this.#drivers.length;
    // A driver with a failed sink drops new records.
    const dropped = this.#drivers.flatMap((driver) => Object.values(driver.stats().dropped));
    const left = [...ends.map(({ undelivered }) => undelivered), ...dropped];
    return { undelivered: left.reduce((sum, count) => sum + count, late) };
  }

  async #passOn(): Promise<void> {
    await this.#acknowledged();
    this.#push();
  }

  #push(): void {
    this.#endWindow();
    const [waiting, barriers] = [this.#waiting, this.#barriers];
    this.#waiting = [];
    this.#barriers = new Set();
    this.#bytes = 0;
    this.#since = undefined;
    this.#handedMs = this.#options.wallClockMs();
    for (const driver of this.#drivers)
      for (const record of waiting) driver.push(record, barriers.has(record) ? BARRIER : undefined);
  }

  #reportRejected(): void {
    const rejected = this.#rejected;
    this.#rejected = [];
    for (const { record, fault } of rejected) this.#options.onRejected(record, fault);
  }

  #endWindow(): void {
    this.#inWindow = 0;
    this.#windowSince = undefined;
    this.#ticks.clear();
  }

  /** Replaces the price tick of the same topic, key, epoch and window. Returns false if there is none. */
  #replaces(out: OutRecord): boolean {
    const keys = getOrCreate(this.#ticks, out.topic, () => new Map());
    const place = keys.get(out.key) ?? -1;
    const before = this.#waiting[place]?.record;
    if (before?.kind === 'price' && out.record.kind === 'price' && before.epoch === out.record.epoch) {
      this.#waiting[place] = out;
      return true;
    }
    keys.set(out.key, this.#waiting.length);
    return false;
  }
}
