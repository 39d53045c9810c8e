import type { Subscription } from 'rxjs';
import { asFault, type Fault } from '../../domain/fault.ts';
import type { PendingLosses } from '../queue/pending-losses.ts';
import type { QueueEntry, SinkQueue } from '../queue/sink-queue.ts';
import type { Timers } from '../timers.ts';
import type { AppendResult, SpillStore } from './spill-store.ts';

const AT_ONCE = 2000;
/** Milliseconds between two writes. A killed process loses at most the records of this time. */
const FLUSH_MS = 50;
const RETRY_MS = 1000;

export interface SpillWriterParts {
  readonly store: SpillStore;
  readonly queue: SinkQueue;
  readonly pendingLosses: PendingLosses;
  readonly timers: Timers;
}

export interface SpillWriterHooks {
  /** Returns the records in flight, and the records that were read back. */
  inMemory(): readonly QueueEntry[];
  onAppended(appended: AppendResult): void;
  /** Called when the disk fails, or works again (undefined). */
  onFault(fault: Fault | undefined): void;
}

/** Moves the queue into the store every 50 ms. The queue is its buffer, so `push` never waits. */
export class SpillWriter {
  readonly #parts: SpillWriterParts;
  readonly #hooks: SpillWriterHooks;
  /** False: the next write includes the records in flight and the records that were read back. */
  isMemorySaved = true;
  /** The timer of the next write; undefined: the writer is halted. */
  #next: { readonly timer: Subscription; readonly isSoon: boolean } | undefined;
  #fault: Fault | undefined;

  constructor(parts: SpillWriterParts, hooks: SpillWriterHooks) {
    this.#parts = parts;
    this.#hooks = hooks;
  }

  start(): void {
    this.#schedule(0);
  }

  /** Writes at once, because the queue fills too fast. */
  hurry(): void {
    if (this.#fault === undefined && this.#next?.isSoon === false) this.#schedule(0);
  }

  halt(): void {
    this.#next?.timer.unsubscribe();
    this.#next = undefined;
  }

  /**
   * Writes all waiting records and synchronises the disk; stops early if `isOver` returns true. Call it while halted.
   */
  writeAll(isOver: () => boolean): void {
    while (!isOver() && this.#append());
    this.#parts.store.sync();
  }

  report(fault: Fault | undefined): void {
    if (this.#fault?.message === fault?.message) return;
    this.#fault = fault;
    this.#hooks.onFault(fault);
  }

  #schedule(afterMs: number): void {
    this.#next?.timer.unsubscribe();
    this.#next = { timer: this.#parts.timers.after(afterMs, () => this.#flush()), isSoon: afterMs === 0 };
  }

  #flush(): void {
    try {
      this.#append();
      this.report(undefined);
      this.#schedule(this.#parts.queue.length > 0 ? 0 : FLUSH_MS);
    } catch (error) {
      this.report(asFault(error));
      this.#schedule(RETRY_MS);
    }
  }

  /** Writes the next records; false if none waits. */
  #append(): boolean {
    const { store, queue, pendingLosses } = this.#parts;
    const inMemory = this.isMemorySaved ? [] : this.#hooks.inMemory();
    const queued = queue.peek(AT_ONCE);
    const entries = [...inMemory, ...queued];
    if (entries.length === 0) return false;
    const appended = pendingLosses.save((losses) => store.append(entries, losses));
    this.isMemorySaved = true;
    queue.skip(queued.length);
    this.#hooks.onAppended(appended);
    return true;
  }
}
