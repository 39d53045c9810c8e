import type { Subscription } from 'rxjs';
import { asFault, type Fault } from '../../domain/fault.ts';
import type { Batch, Batcher } from '../queue/batcher.ts';
import type { OutQueue } from '../queue/out-queue.ts';
import type { Spill } from '../spill/spill.ts';
import type { Timers } from '../timers.ts';
import type { Delivery } from './delivery.ts';
import type { DriverOptions } from './driver-options.ts';
import type { SinkHealth } from './sink-health.ts';

type DriverState =
  /** The sink is not open yet, or, with a spill, `resume` has not returned. */
  | { readonly kind: 'opening' }
  /** Nothing is in flight; `timer` begins the next batch. */
  | { readonly kind: 'idle'; readonly timer: Subscription | undefined }
  | { readonly kind: 'sending'; readonly run: Promise<void> }
  /** No record is taken any more; the waiting ones are delivered until the deadline. */
  | { readonly kind: 'closing'; readonly isOpen: boolean; readonly isLate: boolean; readonly run?: Promise<void> }
  /** The sink will never take anything again. */
  | { readonly kind: 'failed'; readonly run: Promise<void> };

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
  #state: DriverState = { kind: 'opening' };
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
    return this.#state.kind !== 'closing' && this.#state.kind !== 'failed';
  }

  /** Nothing is written any more. */
  get isStopped(): boolean {
    return this.#state.kind === 'failed' || (this.#state.kind === 'closing' && this.#state.isLate);
  }

  /** The sink is open, and did not fail. */
  get isOpen(): boolean {
    if (this.#state.kind === 'closing') return this.#state.isOpen;
    return this.#state.kind !== 'opening' && this.#state.kind !== 'failed';
  }

  /** The send loop, if it runs. */
  get run(): Promise<void> | undefined {
    return 'run' in this.#state ? this.#state.run : undefined;
  }

  /** Records may be delivered from now on. */
  ready(): void {
    if (this.#state.kind === 'opening') this.#state = { kind: 'idle', timer: undefined };
    else if (this.#state.kind === 'closing') this.#state = { ...this.#state, isOpen: true };
    this.wake();
  }

  /** Begins a batch with all records that are pushed in the same turn of the event loop, now or when it is due. */
  wake(): void {
    const state = this.#state;
    if (state.kind === 'sending') return;
    if (state.kind === 'idle') {
      const { batcher, timers } = this.#parts;
      if ((state.timer !== undefined && !batcher.hasEnough) || this.waiting === 0) return;
      const waitMs = batcher.waitMs(this.waiting, timers.now());
      if (waitMs === 0) this.#start(state.timer);
      else if (state.timer === undefined) {
        const timer: Subscription = timers.after(waitMs, () => this.#start(timer));
        this.#state = { kind: 'idle', timer };
      }
    } else if (state.kind === 'closing' && state.isOpen && !state.isLate) {
      if (state.run === undefined && this.waiting > 0) this.#state = { ...state, run: this.#sendAll() };
    }
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
    if (this.#state.kind !== 'failed') {
      if (this.#state.kind === 'idle') this.#state.timer?.unsubscribe();
      const run = this.run;
      this.#state = { kind: 'closing', isOpen: this.isOpen, isLate: false, ...(run === undefined ? {} : { run }) };
      this.wake();
      await Promise.race([this.idle(), timers.delay(deadlineMs)]);
      if (this.#state.kind === 'closing') this.#state = { ...this.#state, isLate: true };
    }
    timers.stopPauses();
  }

  #start(timer: Subscription | undefined): void {
    timer?.unsubscribe();
    this.#state = { kind: 'sending', run: this.#sendAll() };
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
    if (this.#state.kind === 'closing') this.#state = { kind: 'closing', isOpen: true, isLate: this.#state.isLate };
    else if (this.#state.kind !== 'failed') this.#state = { kind: 'idle', timer: undefined };
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
    delivery.begin(batch);
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
    if (fault.retry.kind !== 'never' || this.run === undefined) return;
    this.#state = { kind: 'failed', run: this.run };
    timers.stopPauses();
    this.#options.onFailed?.(fault);
  }
}
