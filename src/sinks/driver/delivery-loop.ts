import type { Subscription } from 'rxjs';
import { asFault, type Fault } from '../../domain/fault.ts';
import type { Batch, Batcher } from '../queue/batcher.ts';
import type { SinkQueue } from '../queue/sink-queue.ts';
import type { Spill } from '../spill/spill.ts';
import type { Timers } from '../timers.ts';
import type { Delivery } from './delivery.ts';
import type { DriverOptions } from './driver-options.ts';
import type { SinkHealth } from './sink-health.ts';

/**
 * `opening`: not open yet; with a spill, also until the driver's `resume` returns. `closing`: new records are refused,
 * the waiting ones are delivered until the timeout. `failed`: the sink never takes anything again.
 */
type DriverState = 'opening' | 'open' | 'closing' | 'closed' | 'failed';

export interface LoopParts {
  readonly timers: Timers;
  readonly queue: SinkQueue;
  readonly batcher: Batcher;
  readonly delivery: Delivery;
  readonly health: SinkHealth;
  readonly spill: Spill | undefined;
}

const SPILL_RETRY_MS = 1000;

/** Sends batch after batch while records wait, the records of the spill first. Has the driver's state. */
export class DeliveryLoop {
  readonly #parts: LoopParts;
  readonly #options: Pick<DriverOptions, 'onFailed' | 'onSpill'>;
  #state: DriverState = 'opening';
  #wasOpened = false;
  /** The timer that starts the next batch. */
  #timer: Subscription | undefined;
  /** The running send loop; undefined if none runs. */
  run: Promise<void> | undefined;
  #idle: PromiseWithResolvers<void> | undefined;
  /** Number of price ticks that newer ones replaced while the spill was read back. */
  conflated = 0;

  constructor(parts: LoopParts, options: Pick<DriverOptions, 'onFailed' | 'onSpill'>) {
    this.#parts = parts;
    this.#options = options;
  }

  /** Number of records that wait for their batch, in memory or in the spill. */
  get waiting(): number {
    return this.#parts.queue.length + (this.#parts.spill?.waiting ?? 0);
  }

  get isIdle(): boolean {
    return this.#parts.delivery.batch === undefined && this.waiting === 0;
  }

  get isAccepting(): boolean {
    return this.#state === 'opening' || this.#state === 'open';
  }

  /** True if nothing is written any more. */
  get isStopped(): boolean {
    return this.#state === 'closed' || this.#state === 'failed';
  }

  /** True if records may be spilled: the sink was open and has not failed. Also true after closing. */
  get maySpill(): boolean {
    return this.#wasOpened && this.#state !== 'failed';
  }

  /** Starts the delivery of records. */
  ready(): void {
    this.#wasOpened = true;
    if (this.#state === 'opening') this.#state = 'open';
    this.wake();
  }

  /** If records wait, starts a batch, now or when it is due, with all records pushed in this turn of the event loop. */
  wake(): void {
    if (this.run !== undefined || !this.#wasOpened || this.isStopped) return;
    const { batcher, timers } = this.#parts;
    if ((this.#timer !== undefined && !batcher.hasEnough) || this.waiting === 0) return;
    const waitMs = this.#state === 'closing' ? 0 : batcher.waitMs(this.waiting, timers.now());
    if (waitMs === 0) this.#start();
    else this.#timer ??= timers.after(waitMs, () => this.#start());
  }

  /** Resolves when all records are acknowledged, rejected or dropped. */
  idle(): Promise<void> {
    if (this.isIdle) return Promise.resolve();
    this.#idle ??= Promise.withResolvers();
    return this.#idle.promise;
  }

  /** Resolves `idle` if no record is left. Call it after records were acknowledged, rejected or dropped. */
  checkIdle(): void {
    if (!this.isIdle) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  /** Refuses new records, waits at most `timeoutMs` for the delivery of the waiting ones, and stops. */
  async finish(timeoutMs: number): Promise<void> {
    const { timers } = this.#parts;
    if (this.#state !== 'failed') {
      this.#state = 'closing';
      this.#stopTimer();
      this.wake();
      await Promise.race([this.idle(), timers.delay(timeoutMs)]);
      if (this.#state === 'closing') this.#state = 'closed';
    }
    timers.stopPauses();
  }

  #start(): void {
    this.#stopTimer();
    this.run = this.#sendAll();
  }

  #stopTimer(): void {
    this.#timer?.unsubscribe();
    this.#timer = undefined;
  }

  async #sendAll(): Promise<void> {
    const { timers, batcher, delivery, health, spill } = this.#parts;
    await Promise.resolve();
    while (!this.isStopped) {
      const batch = delivery.batch ?? (await this.#nextBatch());
      if (batch === undefined) break;
      batcher.begun(timers.now());
      const { fault, pauseMs } = await delivery.send(batch, timers.now());
      if (delivery.batch === undefined) spill?.settled();
      if (fault === undefined) health.up('delivers again');
      else this.#failed(fault);
      if (pauseMs > 0) await timers.pause(pauseMs);
    }
    this.run = undefined;
    if (this.isIdle) this.checkIdle();
    else this.wake();
  }

  /** Returns the next batch, from the spill first; undefined: none is due. */
  async #nextBatch(): Promise<Batch | undefined> {
    const { timers, batcher, delivery, spill } = this.#parts;
    while (spill?.isOn === true && spill.backlog.length === 0) {
      if (!this.#readBack(spill)) await timers.pause(SPILL_RETRY_MS);
      if (this.isStopped) return undefined;
    }
    if (this.isAccepting && batcher.tooSoonMs(timers.now()) > 0) return undefined;
    const batch = batcher.take();
    if (batch === undefined) return undefined;
    delivery.batch = batch;
    if (batch.isSpilled) spill?.saveMark();
    return batch;
  }

  /** Reads the next records back from the spill. Returns false if that failed and has to be retried. */
  #readBack(spill: Spill): boolean {
    try {
      this.conflated += spill.readBack();
      return true;
    } catch (error) {
      this.#options.onSpill?.('failing', asFault(error).message);
      return false;
    }
  }

  #failed(fault: Fault): void {
    const { health, timers } = this.#parts;
    health.down(fault.message);
    if (fault.retry.kind !== 'never') return;
    this.#state = 'failed';
    timers.stopPauses();
    this.#options.onFailed?.(fault);
  }
}
