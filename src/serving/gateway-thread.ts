import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type SchedulerLike, Subscription, timer } from 'rxjs';
import type { Config } from '../config/config.ts';
import { asFault } from '../domain/fault.ts';
import type { FeedRecord, RecordKind } from '../domain/record.ts';
import { PastCandles } from '../runtime/past-candles.ts';
import type { Observed } from '../runtime/run.ts';
import { bestOfFeeds } from '../runtime/snapshots/best-of-feeds.ts';
import { ThreadMeter } from '../telemetry/thread-meter.ts';
import { gatewayOptions } from './gateway-options.ts';
import type { FromGateway, ToGateway } from './gateway-worker.ts';

export interface GatewayThreadOptions {
  readonly config: Config;
  readonly scheduler: SchedulerLike;
  readonly log: (level: 'info' | 'warn', fields: object, message: string) => void;
}

/** The kinds of records that the gateway uses. */
const MARKET = ['trade', 'price', 'kline', 'order_book', 'book_delta', 'trade_stats', 'large_trade'] as const;
const USED: ReadonlySet<RecordKind> = new Set<RecordKind>([...MARKET, 'status', 'gap', 'audit', 'instrument']);
/** Records are posted in batches, because each message has a fixed cost. */
const POST_EVERY_MS = 20;
/** A gateway with more unprocessed records than this does not keep up, and is restarted. */
const MAX_UNACKNOWLEDGED_RECORDS = 100_000;
const SNAPSHOT_MS = 1000;
/** Milliseconds before a restart, doubled with each failure: starting a thread costs about a second of work. */
const RESTART_AFTER_MS = 5000;
const MAX_RESTART_DELAY_MS = 300_000;
const CLOSE_WITHIN_MS = 1000;
const HEAP_MB = 1024;

/**
 * Runs the gateway in a thread of its own, so that clients cost the feed nothing. It restarts if it ends or cannot keep
 * up.
 */
export class GatewayThread {
  readonly #options: GatewayThreadOptions;
  /** The pending timers. */
  readonly #later = new Subscription();
  #worker: Worker | undefined;
  #url: string | undefined;
  /** The last record of each instrument, for a new thread: the feed publishes them only at the start and on change. */
  readonly #instruments = new Map<string, FeedRecord>();
  #waiting: FeedRecord[] = [];
  #unacknowledged = 0;
  #isPosting = false;
  #reported = '';
  #failures = 0;
  /** True if a previous thread ended: a new one has no past data. */
  #isRestarted = false;
  #running: Observed | undefined;
  readonly #past = new PastCandles(() => this.#running?.feeds() ?? []);
  #meter: ThreadMeter | undefined;
  #closed = false;

  constructor(options: GatewayThreadOptions) {
    this.#options = options;
    this.#begin();
  }

  /** The gateway's address; undefined while it does not listen. */
  get url(): string | undefined {
    return this.#url;
  }

  /**
   * Passes on the run's snapshots every second, and the candles from before its start. Each call replaces the run of
   * the call before.
   */
  follow(running: Observed): void {
    const isFirst = this.#running === undefined;
    this.#running = running;
    if (!isFirst) return;
    const meter = new ThreadMeter();
    this.#meter = meter;
    this.#past.candles$.subscribe((candles) => this.publish(candles));
    this.#sample(meter);
  }

  #sample(meter: ThreadMeter): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#past.requestNew();
    const metrics = { ...running.metrics(), thread: meter.sample() };
    this.#post({ kind: 'snapshot', snapshot: running.snapshot(), metrics });
    this.#after(SNAPSHOT_MS, () => this.#sample(meter));
  }

  publish(records: readonly FeedRecord[]): void {
    for (const record of records) {
      if (record.kind === 'instrument') this.#instruments.set(`${record.venue}:${record.symbol}`, record);
      if (this.#worker !== undefined && USED.has(record.kind)) this.#waiting.push(record);
    }
    if (this.#isPosting || this.#waiting.length === 0) return;
    this.#isPosting = true;
    this.#after(POST_EVERY_MS, () => this.#postRecords());
  }

  /** Closes the clients' connections and ends the thread, within a second. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#meter?.close();
    this.#later.unsubscribe();
    const worker = this.#worker;
    if (worker === undefined) return;
    const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    this.#postRecords();
    this.#post({ kind: 'close' });
    const late = timer(CLOSE_WITHIN_MS, this.#options.scheduler).subscribe(() => void worker.terminate());
    await gone;
    late.unsubscribe();
  }

  #begin(): void {
    const worker = this.#newWorker();
    if (worker === undefined) return;
    this.#worker = worker;
    this.#unacknowledged = 0;
    this.publish([...this.#instruments.values()]);
    let why = 'its thread ended';
    worker.on('message', (message: FromGateway) => {
      if (message.kind === 'acknowledged') this.#unacknowledged -= message.count;
      else if (message.kind === 'failed') why = message.reason;
      else if (message.kind === 'log') this.#options.log(message.level, message.fields, message.message);
      else if (message.kind === 'fetch_klines') void this.#fetchKlines(worker, message);
      else if (message.kind === 'fetch_best') this.#postBest(worker);
      else {
        this.#url = message.url;
        this.#reported = '';
        this.#failures = 0;
        if (this.#isRestarted) this.#past.askAgain();
        const { config, log } = this.#options;
        const fields = { event: 'gateway', url: message.url, needs_token: config.gateway.token !== null };
        log('info', fields, `dashboard and API at ${message.url}`);
      }
    });
    worker.on('error', (error) => {
      why = error instanceof Error ? error.message : String(error);
    });
    worker.on('exit', () => this.#ended(worker, why));
  }

  /** Starts a thread. Returns undefined if the system cannot start one; then a restart is scheduled. */
  #newWorker(): Worker | undefined {
    try {
      return new Worker(new URL(`./gateway-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url), {
        workerData: gatewayOptions(this.#options.config),
        name: 'gateway',
        resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
      });
    } catch (error) {
      this.#ended(undefined, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  #ended(worker: Worker | undefined, why: string): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    this.#url = undefined;
    this.#waiting = [];
    this.#isRestarted = true;
    if (this.#closed) return;
    const afterMs = Math.min(RESTART_AFTER_MS * 2 ** this.#failures++, MAX_RESTART_DELAY_MS);
    const message = `gateway stopped: ${why}; the feed continues, the gateway restarts in ${afterMs / 1000} s`;
    if (this.#reported !== why) this.#options.log('warn', { event: 'gateway_unavailable' }, message);
    this.#reported = why;
    this.#after(afterMs, () => this.#begin());
  }

  #postRecords(): void {
    this.#isPosting = false;
    const records = this.#waiting;
    this.#waiting = [];
    if (records.length === 0) return;
    this.#unacknowledged += records.length;
    if (this.#unacknowledged > MAX_UNACKNOWLEDGED_RECORDS && this.#worker !== undefined) {
      const worker = this.#worker;
      this.#ended(worker, `${this.#unacknowledged} records were not processed`);
      void worker.terminate();
      return;
    }
    this.#post({ kind: 'records', records });
  }

  async #fetchKlines(worker: Worker, { id, wanted }: Extract<FromGateway, { kind: 'fetch_klines' }>): Promise<void> {
    const answer = await this.#past.fetch(wanted, this.#options.scheduler).then(
      (klines): ToGateway => ({ kind: 'klines', id, klines }),
      (error: unknown): ToGateway => ({ kind: 'klines_failed', id, reason: asFault(error).message }),
    );
    worker.postMessage(answer);
  }

  #postBest(worker: Worker): void {
    const best = bestOfFeeds(this.#running?.feeds() ?? [], this.#options.config.environment);
    worker.postMessage({ kind: 'best', best } satisfies ToGateway);
  }

  #post(message: ToGateway): void {
    this.#worker?.postMessage(message);
  }

  #after(ms: number, work: () => void): void {
    this.#later.add(timer(ms, this.#options.scheduler).subscribe(work));
  }
}
