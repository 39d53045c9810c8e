import type { Subscription } from 'rxjs';
import { asFault, type Fault } from '../../domain/fault.ts';
import type { LossLedger } from '../queue/loss-ledger.ts';
import type { OutQueue, QueueEntry } from '../queue/out-queue.ts';
import type { Timers } from '../timers.ts';
import type { AppendResult, SpillStore } from './spill-store.ts';

const AT_ONCE = 2000;
/** Between two writes: what a killed process loses at most. */
const FLUSH_MS = 50;
const RETRY_MS = 1000;

export interface SpillWriterHooks {
  onAppended(appended: AppendResult): void;
  /** The disk fails, or takes records again (undefined). */
  onFault(fault: Fault | undefined): void;
}

/** Empties the queue into the store, every 50 ms. The queue is its buffer, so a caller of `push` never waits. */
export class SpillWriter {
  readonly #store: SpillStore;
  readonly #queue: OutQueue;
  readonly #ledger: LossLedger;
  readonly #timers: Timers;
  readonly #hooks: SpillWriterHooks;
  /** Taken from the queue, not yet on the disk. */
  #entries: readonly QueueEntry[] = [];
  /** How many of these are in flight to the sink: they are written only to be safe. */
  #inFlight = 0;
  /** The next write; undefined: halted. */
  #next: { readonly timer: Subscription; readonly isSoon: boolean } | undefined;
  #fault: Fault | undefined;
  #takes = 0;

  constructor(
    store: SpillStore,
    parts: { readonly queue: OutQueue; readonly ledger: LossLedger; readonly timers: Timers },
    hooks: SpillWriterHooks,
  ) {
    this.#store = store;
    this.#queue = parts.queue;
    this.#ledger = parts.ledger;
    this.#timers = parts.timers;
    this.#hooks = hooks;
  }

  /** Records on their way to the disk, those in flight to the sink aside. */
  get pending(): number {
    return this.#entries.length - this.#inFlight;
  }

  /** The same as long as nothing leaves the queue for the disk. */
  get stretch(): string {
    return `memory ${this.#takes}`;
  }

  /** Takes records that have left the queue already; the first `inFlight` of them are with the sink. */
  take(first: readonly QueueEntry[], inFlight: number): void {
    this.#entries = first;
    this.#inFlight = inFlight;
  }

  start(): void {
    this.#schedule(0);
  }

  /** The queue fills faster than it is emptied every 50 ms. */
  hurry(): void {
    if (this.#fault === undefined && this.#next?.isSoon === false) this.#schedule(0);
  }

  halt(): void {
    this.#next?.timer.unsubscribe();
    this.#next = undefined;
  }

  /** The records that are not on the disk; it forgets them. */
  giveBack(): readonly QueueEntry[] {
    const rest = this.#entries.slice(this.#inFlight);
    this.take([], 0);
    this.report(undefined);
    return rest;
  }

  /** While halted: writes all waiting records, for good; `isOver` ends it early. */
  writeAll(isOver: () => boolean): void {
    while (!isOver() && this.#hasEntries()) this.#append();
    this.#store.sync();
  }

  report(fault: Fault | undefined): void {
    if (this.#fault?.message === fault?.message) return;
    this.#fault = fault;
    this.#hooks.onFault(fault);
  }

  #schedule(afterMs: number): void {
    this.#next?.timer.unsubscribe();
    this.#next = { timer: this.#timers.after(afterMs, () => this.#flush()), isSoon: afterMs === 0 };
  }

  #flush(): void {
    try {
      if (this.#hasEntries()) this.#append();
      this.report(undefined);
      this.#schedule(this.#queue.length > 0 ? 0 : FLUSH_MS);
    } catch (error) {
      this.report(asFault(error));
      this.#schedule(RETRY_MS);
    }
  }

  #hasEntries(): boolean {
    if (this.#entries.length > 0) return true;
    this.#entries = this.#queue.takeEntries(AT_ONCE);
    if (this.#entries.length === 0) return false;
    this.#takes++;
    return true;
  }

  #append(): void {
    const losses = this.#ledger.takeUnsaved();
    try {
      const appended = this.#store.append(this.#entries, losses);
      this.take([], 0);
      this.#hooks.onAppended(appended);
    } catch (error) {
      this.#ledger.keepUnsaved(losses);
      throw error;
    }
  }
}
