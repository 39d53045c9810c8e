import type { Subscription } from 'rxjs';
import { asFault, type Fault } from '../../domain/fault.ts';
import type { Batch, Batcher } from '../queue/batcher.ts';
import type { OutQueue } from '../queue/out-queue.ts';
import type { Spill } from '../spill/spill.ts';
import type { Timers } from '../timers.ts';
import type { Delivery } from './delivery.ts';
import type { DriverOptions } from './driver-options.ts';
import type { SinkHealth } from './sink-health.ts';

/**
 * `opening`: the sink is not open yet, or, with a spill, `resume` has not returned. `closing`: no record is taken any more,
 * and the waiting ones are delivered until the deadline; then `closed`. `failed`: the sink never takes anything again.
 */
type DriverState = 'opening' | 'open' | 'closing' | 'closed' | 'failed';

export interface LoopParts {
  readonly timers: Timers;
  readonly queue: OutQueue;
  readonly batcher: Batcher;
  readonly delivery: Delivery;
  readonly health: SinkHealth;
  readonly spill: Spill | undefined;
}

const READ_AGAIN_MS = 1000;

/** Sends batch after batch while records wait, those of the spill first, and holds the state of the driver. */
export class DeliveryLoop {
  readonly #parts: LoopParts;
  readonly #options: Pick<DriverOptions, 'onFailed' | 'onSpill'>;
  #state: DriverState = 'opening';
  #wasOpened = false;
  /** Begins the next batch. */
  #timer: Subscription | undefined;
  /** The send loop, if it runs. */
  run: Promise<void> | undefined;
  #idle: PromiseWithResolvers<void> | undefined;
  /** Price ticks that a newer one replaced when they were read back. */
  conflated = 0;

  constructor(parts: LoopParts, options: Pick<DriverOptions, 'onFailed' | 'onSpill'>) {
    this.#parts = parts;
    this.#options = options;
  }

  /** Records that wait for their batch, in memory or in the spill. */
  get waiting(): number {
    return this.#parts.queue.length + (this.#parts.spill?.waiting ?? 0);
  }

  get isIdle(): boolean {
    return this.#parts.delivery.batch === undefined && this.waiting === 0;
  }

  /** New records are taken. */
  get isAccepting(): boolean {
    return this.#state === 'opening' || this.#state === 'open';
  }

  /** Nothing is written any more. */
  get isStopped(): boolean {
    return this.#state === 'closed' || this.#state === 'failed';
  }

  /** The sink is open, and did not fail. */
  get isOpen(): boolean {
    return this.#wasOpened && this.#state !== 'failed';
  }

  /** Records may be delivered from now on. */
  ready(): void {
    this.#wasOpened = true;
    if (this.#state === 'opening') this.#state = 'open';
    this.wake();
  }

  /** Begins a batch with all records that are pushed in the same turn of the event loop, now or when it is due. */
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

  /** Records were settled or dropped. */
  checkIdle(): void {
    if (!this.isIdle) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  /** Takes no more records, delivers the waiting ones until the deadline, and stops. */
  async finish(deadlineMs: number): Promise<void> {
    const { timers } = this.#parts;
    if (this.#state !== 'failed') {
      this.#state = 'closing';
      this.#stopTimer();
      this.wake();
      await Promise.race([this.idle(), timers.delay(deadlineMs)]);
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

  /** The next batch, out of the spill first; undefined: nothing waits, or not for long enough. */
  async #nextBatch(): Promise<Batch | undefined> {
    const { timers, batcher, delivery, spill } = this.#parts;
    while (spill?.isOn === true && spill.backlog.length === 0) {
      if (!this.#readBack(spill)) await timers.pause(READ_AGAIN_MS);
      if (this.isStopped) return undefined;
    }
    if (this.isAccepting && batcher.tooSoonMs(timers.now()) > 0) return undefined;
    const batch = batcher.take();
    if (batch === undefined) return undefined;
    delivery.batch = batch;
    if (batch.isSpilled) spill?.saveMark();
    return batch;
  }

  /** False: it has to be tried again. */
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
