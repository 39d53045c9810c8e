import { keyOf, topicNameOf } from '../codec/environment-topics.ts';
import type { Fault } from '../domain/fault.ts';
import type { FeedRecord } from '../domain/record.ts';
import { monotonicScheduler } from '../net/monotonic-scheduler.ts';
import type { OutRecord } from '../sinks/contract.ts';
import { createDrain, type Drain } from '../sinks/drain.ts';
import { type SinkSettings, sinks } from '../sinks/registry.ts';
import type { Logger } from '../telemetry/log.ts';
import { type Config, environmentPrefixes } from './config.ts';
import type { FeedOutput } from './feed.ts';

export interface ReplayOutletsOptions {
  readonly log: Logger;
  /** Virtual: for the names of files. */
  readonly wallClockMs: () => number;
  readonly onRejected: (record: FeedRecord, fault: Fault) => void;
}

/** Records that go out together at the most. */
const MOST_RECORDS = 500;
/** Market data waits no longer than this, milliseconds of the recording: a price tick is replaced by newer ones meanwhile. */
const LONGEST_WAIT_MS = 1000;
const CLOSE_WITHIN_MS = 5000;
const BARRIER = { barrier: true } as const;

/**
 * The sinks of a replay. Records are gathered and handed over in portions that the recording alone decides, each
 * acknowledged before time goes on: so batches, blocks of files and the price ticks that replace each other are the same
 * in every replay, however fast the machine and the disk are.
 */
export class ReplayOutlets {
  readonly counts = new Map<string, number>();
  readonly #config: Config;
  readonly #drains: readonly Drain[];
  #waiting: { readonly record: OutRecord; readonly barrier: boolean }[] = [];
  #since: number | undefined;

  private constructor(config: Config, drains: readonly Drain[]) {
    this.#config = config;
    this.#drains = drains;
  }

  static async open(config: Config, { log, wallClockMs, onRejected }: ReplayOutletsOptions): Promise<ReplayOutlets> {
    const settings: SinkSettings = {
      kafka: config.kafka,
      file: { ...config.file, blockEveryMs: 0 },
      environmentPrefixes: environmentPrefixes(config),
      log: (level, message, details) => log[level]({ event: 'sink', ...details }, message),
      now: () => monotonicScheduler.now(),
      wallClockMs,
    };
    const drains = await Promise.all(
      config.sinks.map(async (name) => {
        const sink = await sinks[name](settings);
        return createDrain(sink, {
          scheduler: monotonicScheduler,
          maxBatch: name === 'kafka' ? config.kafka.batch.maxRecords : MOST_RECORDS,
          // How long an answer takes is no part of the recording: nothing is published of it.
          downAfterMs: Number.POSITIVE_INFINITY,
          onState: (state, reason) => {
            if (state === 'down') log.warn({ event: 'sink_unavailable', sink: name }, `waits for ${name}: ${reason}`);
          },
          onRejected: ({ record }, fault) => onRejected(record, fault),
        });
      }),
    );
    const outlets = new ReplayOutlets(config, drains);
    try {
      await Promise.all(drains.map((drain) => drain.opened));
    } catch (error) {
      await Promise.all(drains.map((drain) => drain.close({ deadlineMs: 0 })));
      throw error;
    }
    return outlets;
  }

  /** Takes what the feed puts out at a moment, milliseconds of the recording. */
  take({ records, barrier }: FeedOutput, now: number): void {
    const { feed } = this.#config;
    for (const record of records) {
      const topic = topicNameOf(record, feed.allowTestData);
      this.counts.set(topic, (this.counts.get(topic) ?? 0) + 1);
      this.#waiting.push({ record: { topic, key: keyOf(record, feed.mode), record }, barrier });
      if (record.kind !== 'status' && record.kind !== 'position') this.#since ??= now;
    }
  }

  /** True when what waits has to go out before time moves on to this moment. */
  isDue(at: number): boolean {
    if (this.#waiting.length >= MOST_RECORDS) return true;
    return this.#since !== undefined && at - this.#since >= LONGEST_WAIT_MS;
  }

  /** Hands out what waits; resolves when all of it is acknowledged. */
  async settle(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#since = undefined;
    for (const drain of this.#drains)
      for (const { record, barrier } of waiting) drain.push(record, barrier ? BARRIER : undefined);
    await Promise.all(this.#drains.map((drain) => drain.idle()));
  }

  async close(): Promise<{ readonly undelivered: number }> {
    const ends = await Promise.all(this.#drains.map((drain) => drain.close({ deadlineMs: CLOSE_WITHIN_MS })));
    return { undelivered: this.#waiting.length + ends.reduce((sum, end) => sum + end.undelivered, 0) };
  }
}
