import { asFault, type Fault } from '../../domain/fault.ts';
import type { LossLedger } from '../queue/loss-ledger.ts';
import type { OutQueue, QueueEntry } from '../queue/out-queue.ts';
import type { Timers } from '../timers.ts';
import type { AppendResult, SpillLog } from './spill-log.ts';

const AT_ONCE = 2000;
const RETRY_MS = 1000;

export interface SpillWriterHooks {
  onAppended(appended: AppendResult): void;
  /** The disk fails, or takes records again (undefined). */
  onFault(fault: Fault | undefined): void;
  /** Records left the queue. */
  onTaken(): void;
}

/** Empties the queue into the log, every `flushMs`. The queue is its buffer, so a caller of `push` never waits. */
export class SpillWriter {
  readonly #log: SpillLog;
  readonly #queue: OutQueue;
  readonly #ledger: LossLedger;
  readonly #timers: Timers;
  readonly #flushMs: number;
  readonly #hooks: SpillWriterHooks;
  /** Taken from the queue, not yet on the disk. */
  #entries: readonly QueueEntry[] = [];
  /** How many of these are in flight to the sink: they are written only to be safe. */
  #inFlight = 0;
  #isHalted = true;
  #flushing: Promise<void> = Promise.resolve();
  #wake = () => {};
  #fault: Fault | undefined;
  #takes = 0;

  constructor(
    log: SpillLog,
    parts: { readonly queue: OutQueue; readonly ledger: LossLedger; readonly timers: Timers },
    flushMs: number,
    hooks: SpillWriterHooks,
  ) {
    this.#log = log;
    this.#queue = parts.queue;
    this.#ledger = parts.ledger;
    this.#timers = parts.timers;
    this.#flushMs = flushMs;
    this.#hooks = hooks;
  }

  /** Records on their way to the disk, those in flight to the sink aside. */
  get pending(): number {
    return this.#entries.length - this.#inFlight;
  }

  get isHalted(): boolean {
    return this.#isHalted;
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
    this.#isHalted = false;
    this.#flushing = this.#flush();
  }

  /** The queue fills faster than it is emptied every `flushMs`. */
  hurry(): void {
    if (this.#fault === undefined) this.#wake();
  }

  /** Waits for the write in flight, and lets no other begin. */
  async halt(): Promise<void> {
    this.#isHalted = true;
    this.#wake();
    await this.#flushing;
  }

  /** The records that are not on the disk; it forgets them. */
  giveBack(): readonly QueueEntry[] {
    const rest = this.#entries.slice(this.#inFlight);
    this.take([], 0);
    this.report(undefined);
    return rest;
  }

  /** While halted: writes all waiting records; `isOver` ends it early. */
  async writeAll(isOver: () => boolean): Promise<void> {
    while (!isOver() && this.#hasEntries()) await this.#append();
    await this.#log.sync();
  }

  report(fault: Fault | undefined): void {
    if (this.#fault?.message === fault?.message) return;
    this.#fault = fault;
    this.#hooks.onFault(fault);
  }

  async #flush(): Promise<void> {
    while (!this.#isHalted) {
      if (!this.#hasEntries()) {
        await this.#pause(this.#flushMs);
        continue;
      }
      try {
        await this.#append();
        this.report(undefined);
      } catch (error) {
        this.report(asFault(error));
        if (!this.#isHalted) await this.#pause(RETRY_MS);
      }
    }
  }

  #hasEntries(): boolean {
    if (this.#entries.length > 0) return true;
    this.#entries = this.#queue.takeEntries(AT_ONCE);
    if (this.#entries.length === 0) return false;
    this.#takes++;
    this.#hooks.onTaken();
    return true;
  }

  async #append(): Promise<void> {
    const losses = this.#ledger.takeUnsaved();
    try {
      const appended = await this.#log.append(this.#entries, losses);
      this.take([], 0);
      this.#hooks.onAppended(appended);
    } catch (error) {
      this.#ledger.keepUnsaved(losses);
      throw error;
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#timers.after(ms, resolve);
      this.#wake = () => {
        timer.unsubscribe();
        resolve();
      };
    });
  }
}
