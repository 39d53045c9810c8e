import type { SchedulerLike, Subscription } from 'rxjs';
import { RateLimit } from './rate-limit.ts';

/**
 * Time window of the limit, milliseconds. It is longer than the venue's second, because messages may bunch up on their
 * way.
 */
const WINDOW_MS = 1100;
/** The queue uses this part of the limit. The remaining part is for pongs, which cannot wait. */
const SHARE = 0.8;

/** Sends one connection's messages in order, within the venue's limit of messages a second. */
export class ControlQueue {
  readonly #scheduler: SchedulerLike;
  readonly #limit: RateLimit;
  readonly #waiting: (() => void)[] = [];
  #timer: Subscription | undefined;
  #closed = false;

  constructor(scheduler: SchedulerLike, messagesPerSecond: number) {
    this.#scheduler = scheduler;
    this.#limit = new RateLimit(messagesPerSecond * SHARE, WINDOW_MS);
  }

  push(send: () => void): void {
    this.#waiting.push(send);
    this.#drain();
  }

  /** Sends before all waiting messages: a heartbeat must not wait for two hundred subscriptions. */
  pushFirst(send: () => void): void {
    this.#waiting.unshift(send);
    this.#drain();
  }

  /** Counts a message that was sent without the queue (a pong). */
  count(): void {
    this.#limit.count(this.#scheduler.now());
  }

  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
    this.#timer?.unsubscribe();
  }

  #drain(): void {
    if (this.#timer !== undefined || this.#closed) return;
    while (this.#waiting.length > 0) {
      const waitMs = this.#limit.waitMs(this.#scheduler.now());
      if (waitMs > 0) {
        this.#timer = this.#scheduler.schedule(() => {
          this.#timer = undefined;
          this.#drain();
        }, Math.ceil(waitMs));
        return;
      }
      this.count();
      this.#waiting.shift()?.();
    }
  }
}
