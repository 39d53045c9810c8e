import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { venueTime } from '../capture/capture-row.ts';
import { type CaptureRow, readCaptureParts } from '../capture/read-capture.ts';
import type { Config } from '../config/config.ts';
import type { VenueId } from '../domain/instrument.ts';
import { deadLetter } from '../feed/status/dead-letter.ts';
import { VirtualScheduler } from '../net/virtual-scheduler.ts';
import { buildFeed } from '../runtime/build-feed.ts';
import type { RunningFeed } from '../runtime/running-feed.ts';
import { statusLogger } from '../runtime/status-logger.ts';
import { seededRandom } from '../simulator/market/random.ts';
import { ReplayNetwork } from './replay-network.ts';
import type { ReplayOptions, ReplayProgress, ReplayResult } from './replay-result.ts';
import { ReplaySinks } from './replay-sinks.ts';

const INSTANCE = 'replay';
/** Rows between two turns of the event loop. */
const ROWS_A_TURN = 250;
const DEFAULT_SEED = 1;
/** A longer pause in a capture without receive times is shortened to this, milliseconds. */
const MAX_PAUSE_MS = 60_000;
/** How long virtual time may continue after the last row, for rows that the network still keeps. Milliseconds. */
const LINGER_MS = 90_000;

/** Plays one capture through the pipeline. */
export class ReplayRun {
  readonly #options: ReplayOptions;
  readonly #signal: AbortSignal;
  readonly #config: Config;
  readonly #scheduler: VirtualScheduler;
  readonly #network: ReplayNetwork;
  readonly #feed: RunningFeed;
  readonly #from: number;
  readonly #realFrom = performance.now();
  #sinks: ReplaySinks | undefined;
  /** Sum of the wall clock's steps and of the left-out parts of pauses in the capture, milliseconds. */
  #stepMs = 0;
  #bytes = 0;
  #rows = 0;

  constructor(
    config: Config,
    options: ReplayOptions,
    single: VenueId | undefined,
    from: number,
    seed: number = DEFAULT_SEED,
  ) {
    this.#config = config;
    this.#options = options;
    this.#signal = options.signal ?? new AbortController().signal;
    this.#from = from;
    this.#scheduler = new VirtualScheduler(from);
    const restUrls = (venue: VenueId) => config.venues[venue].restUrls;
    this.#network = new ReplayNetwork({ scheduler: this.#scheduler, restUrls, single });
    this.#feed = buildFeed(config, {
      scheduler: this.#scheduler,
      wallClockMs: () => this.#wallClockMs(),
      instance: INSTANCE,
      networks: this.#network.networks,
      random: seededRandom(seed),
    });
  }

  async play(): Promise<ReplayResult> {
    const { log, speed, onProgress, onOutput } = this.#options;
    let isOver = false;
    const sinks = await ReplaySinks.open(this.#config, {
      log,
      wallClockMs: () => this.#wallClockMs(),
      onRejected: (record, fault) => {
        log.error({ event: 'record_rejected', kind: record.kind, reason: fault.message }, 'record rejected');
        if (record.kind === 'dead_letter' || record.kind === 'status') return;
        const letter = deadLetter({
          venue: record.venue,
          receivedAt: 'receivedAt' in record ? record.receivedAt : 0,
          stage: 'encode',
          reason: fault.message,
          payload: Buffer.from(JSON.stringify(record)),
          environment: this.#config.environment,
        });
        // A stopped feed publishes nothing.
        if (isOver) sinks.take({ records: [letter], barrier: false }, this.#scheduler.now());
        else this.#feed.publish([letter]);
      },
    });
    this.#sinks = sinks;
    const logStatus = statusLogger(log, this.#feed);
    this.#feed.output$.subscribe((output) => {
      sinks.take(output, this.#scheduler.now());
      // At the recorded pace, a person may watch the log.
      if (speed === '1') for (const record of output.records) if (record.kind === 'status') logStatus(record);
      onOutput?.(output);
    });
    this.#feed.start();
    const progress = (): ReplayProgress => ({
      bytes: this.#bytes,
      rows: this.#rows,
      elapsedMs: this.#scheduler.now() - this.#from,
    });

    const stop = (reason: string): void => {
      isOver = true;
      this.#feed.stop(reason);
    };
    let error: Error | undefined;
    const soFar = () => ({ ...progress(), toMs: this.#scheduler.now() });
    let end: ReturnType<typeof soFar> | undefined;
    try {
      error = await this.#playAll(() => onProgress?.(progress()));
      await this.#runUntil(this.#scheduler.now(), true);
      end = soFar();
      await this.#linger(end.toMs + LINGER_MS);
      await this.#unlessGivenUp(sinks.settle());
      stop(this.#signal.aborted ? String(this.#signal.reason) : 'the capture is over');
      await this.#unlessGivenUp(sinks.settle());
    } catch (cause) {
      // A sink has failed for good.
      error ??= errorOf(cause);
      if (!isOver) stop(error.message);
    }
    const { undelivered } = await sinks.close();
    return { ...(end ?? soFar()), ...this.#counts(sinks), fromMs: this.#from, undelivered, error };
  }

  #counts(sinks: ReplaySinks): Omit<ReplayResult, keyof ReplayProgress | 'fromMs' | 'toMs' | 'undelivered' | 'error'> {
    let malformed = 0;
    const ignored: Record<string, number> = {};
    for (const { counts } of this.#feed.venues) {
      malformed += counts.malformed;
      for (const [reason, count] of counts.ignored) ignored[reason] = (ignored[reason] ?? 0) + count;
    }
    const records = Object.fromEntries([...sinks.counts].sort(([a], [b]) => (a < b ? -1 : 1)));
    return { ...this.#network.counts, malformed, ignored, records };
  }

  #wallClockMs(): number {
    return Math.floor(this.#scheduler.now() + this.#stepMs);
  }

  /** Plays all rows. Returns the error that ended the reading before the end of the file, if any. */
  async #playAll(onTurn: () => void): Promise<Error | undefined> {
    const { file, format } = this.#options;
    const onRead = (bytes: number): void => {
      this.#bytes += bytes;
    };
    const parts = readCaptureParts(file, format, { strict: true, onRead });
    try {
      for (;;) {
        const part = await parts.next().catch(errorOf);
        if (part instanceof Error) return part;
        if (part.done === true) return undefined;
        for (const row of part.value) {
          if (this.#signal.aborted) return undefined;
          const dated = row.at === undefined ? this.#dated(row) : row;
          const moment = this.#momentOf(dated);
          if (moment !== undefined && !this.#passesTo(moment)) await this.#runUntil(moment, false);
          this.#network.take(dated);
          await this.#promises();
          if (++this.#rows % ROWS_A_TURN === 0) {
            onTurn();
            await turn();
          }
        }
      }
    } finally {
      await parts.return();
    }
  }

  /** Returns when a row happened, in the scheduler's time; undefined: at the same time as the previous row. */
  #momentOf(row: CaptureRow): number | undefined {
    if (row.kind === 'mark' && row.mark.verb === 'clock') {
      this.#stepMs += row.mark.stepMicros / 1000;
      return undefined;
    }
    return row.at === undefined ? undefined : row.at / 1000 - this.#stepMs;
  }

  /** Adds the venue's time to a frame without receive time. */
  #dated(row: CaptureRow): CaptureRow {
    const at = row.kind === 'frame' ? venueTime(row.frame.toString('latin1')) : undefined;
    if (at === undefined) return row;
    // A long pause may not be real: such a capture is often joined from several ones.
    const pauseMs = at - this.#stepMs - this.#scheduler.now();
    if (pauseMs > MAX_PAUSE_MS) this.#stepMs += pauseMs - MAX_PAUSE_MS;
    return { ...row, at: at * 1000 };
  }

  /**
   * Moves time to the moment, and returns true. Returns false if something is due before, or time has the recorded
   * pace.
   */
  #passesTo(moment: number): boolean {
    const next = this.#scheduler.nextDueAt;
    if (next !== undefined && next < moment) return false;
    if (this.#options.speed !== 'max' || this.#sinks?.isDue(moment) === true) return false;
    this.#scheduler.moveTo(moment);
    return true;
  }

  /** Runs everything that is due before the moment (`inclusive`: also at it), then moves time to it. */
  async #runUntil(moment: number, inclusive: boolean): Promise<void> {
    for (;;) {
      const next = this.#scheduler.nextDueAt;
      if (next === undefined || next > moment || (next === moment && !inclusive) || this.#signal.aborted) break;
      await this.#comeTo(next);
      this.#scheduler.runNext();
      await this.#promises();
    }
    await this.#comeTo(moment);
    this.#scheduler.moveTo(moment);
  }

  async #linger(until: number): Promise<void> {
    while (this.#network.hasWaiting && !this.#signal.aborted) {
      const next = this.#scheduler.nextDueAt;
      if (next === undefined || next > until) return;
      await this.#runUntil(next, true);
    }
  }

  async #comeTo(moment: number): Promise<void> {
    const sinks = this.#sinks;
    if (sinks?.isDue(moment) === true) await this.#unlessGivenUp(sinks.pass(moment));
    if (this.#options.speed === 'max') return;
    const aheadMs = moment - this.#from - (performance.now() - this.#realFrom);
    // An aborted wait is not an error: the loop checks the signal.
    if (aheadMs > 1) await delay(aheadMs, undefined, { signal: this.#signal }).catch(() => {});
  }

  /** Lets the promises of answered requests run. Await it after each event. */
  #promises(): Promise<void> | null {
    return this.#network.answers.takeSettled() ? turn() : null;
  }

  /** Waits for the sinks, unless the replay is aborted. */
  async #unlessGivenUp(settled: Promise<void>): Promise<void> {
    const signal = this.#signal;
    const given = Promise.withResolvers<void>();
    const giveUp = (): void => given.resolve();
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    await Promise.race([settled, given.promise]);
    signal.removeEventListener('abort', giveUp);
  }
}

function errorOf(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}
