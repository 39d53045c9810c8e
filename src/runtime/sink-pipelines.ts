import { firstValueFrom, from, interval, race, type SchedulerLike, switchMap } from 'rxjs';
import { marketKeyOf } from '../codec/environment-topics.ts';
import type { Config } from '../config/config.ts';
import type { FeedRecord } from '../domain/record.ts';
import { type PreviousEpoch, previousEpochs } from '../feed/resume/previous-runs.ts';
import { type NearPast, readNearPast } from '../feed/resume/recent-trades.ts';
import { aborted$ } from '../net/aborted.ts';
import type { OutRecord, SinkArchive } from '../sinks/contract.ts';
import type { CloseResult, DriverStats } from '../sinks/driver/driver-options.ts';
import type { Logger } from '../telemetry/log.ts';
import type { RunningFeed } from './running-feed.ts';
import { addressing, type SinkPipeline, tradeKinds } from './sink-pipeline.ts';

/** How often the log names the sinks that a start waits for, milliseconds. */
const REMIND_EVERY_MS = 10_000;

/** What became of the records of an ended run. */
export interface Stopped extends CloseResult {
  /** Records dropped during the run because there was no room. */
  readonly dropped: number;
}

/** The sinks of one run: opened, fed and closed together. */
export class SinkPipelines {
  readonly #all: readonly SinkPipeline[];
  readonly #config: Config;
  readonly #outOf: (record: FeedRecord) => OutRecord;

  constructor(all: readonly SinkPipeline[], config: Config) {
    this.#all = all;
    this.#config = config;
    this.#outOf = addressing(config);
  }

  /**
   * Opens all sinks and returns where previous runs ended. Logs every ten seconds which sinks it waits for, once
   * `takeover` has resolved: before, they may not open. @throws the signal's reason if it aborts first
   */
  async open(
    scheduler: SchedulerLike,
    signal: AbortSignal | undefined,
    takeover: Promise<unknown> = Promise.resolve(),
  ): Promise<readonly PreviousEpoch[]> {
    const opened$ = from(Promise.all(this.#all.map((one) => one.open())));
    const reminders$ = from(takeover).pipe(switchMap(() => interval(REMIND_EVERY_MS, scheduler)));
    const reminders = reminders$.subscribe(() => {
      for (const one of this.#all) one.remind();
    });
    try {
      await firstValueFrom(signal === undefined ? opened$ : race(opened$, aborted$(signal)));
    } finally {
      reminders.unsubscribe();
    }
    signal?.throwIfAborted();
    const { environment, feed } = this.#config;
    const options = { environment, kinds: tradeKinds(this.#config), keyOf: marketKeyOf(feed.mode) };
    const checkpoints = this.#all.map((one) => one.checkpoints);
    return previousEpochs(checkpoints, options);
  }

  /** True if recent records can be read while new records are written. With a file sink, this is not possible. */
  get isReadableLater(): boolean {
    return this.#all.every(({ name }) => name === 'kafka');
  }

  readRecent(previous: readonly PreviousEpoch[], log: Logger): Promise<NearPast> {
    const [counted] = tradeKinds(this.#config);
    const sinks = this.#all.map(({ name, driver, checkpoints }) => ({
      name,
      checkpoints: checkpoints.filter(({ kind }) => kind === counted),
      recent: driver.recent.bind(driver),
    }));
    return readNearPast(this.#config, sinks, previous, ({ message }, sink) =>
      log.warn({ event: 'windows_not_rebuilt', sink }, message),
    );
  }

  start(feed: RunningFeed, previous: readonly PreviousEpoch[], windows: NearPast['published'] | undefined): void {
    for (const one of this.#all) one.start(feed, previous, windows?.get(one.name));
  }

  push(record: FeedRecord, barrier: boolean, isTimed: boolean): void {
    const out = this.#outOf(record);
    for (const one of this.#all) {
      if (isTimed) one.latency.pushed(out);
      one.push(out, barrier);
    }
  }

  /** Access to the stored records of each sink that can be read. */
  archives(): readonly { readonly name: string; readonly archive: SinkArchive }[] {
    return this.#all.flatMap(({ name, sink }) => {
      const archive = sink.archive?.();
      return archive === undefined ? [] : [{ name, archive }];
    });
  }

  /** Closes all sinks, also if closing one fails. @throws the error of the failed sink, when all are closed */
  async close(timeoutMs: number): Promise<Stopped> {
    const closing = this.#all.map(({ driver }) => driver.close({ timeoutMs }));
    await Promise.allSettled(closing);
    const ends = await Promise.all(closing);
    return {
      undelivered: sum(ends.map(({ undelivered }) => undelivered)),
      spilled: sum(ends.map(({ spilled }) => spilled)),
      dropped: sum(this.#all.flatMap(({ driver }) => Object.values(driver.stats().dropped))),
    };
  }

  stats(): { readonly name: string; readonly stats: DriverStats }[] {
    return this.#all.map(({ name, driver }) => ({ name, stats: driver.stats() }));
  }

  summary(): object[] {
    return this.#all.map(({ name, driver, latency }) => ({
      sink: name,
      ...driver.stats(),
      latencyMs: { emittedToAcknowledged: latency.histogram.summary() },
    }));
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
