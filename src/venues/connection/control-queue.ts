import type { SchedulerLike, Subscription } from 'rxjs';
import { RateLimit } from './rate-limit.ts';

/** The window is longer than the second the venue counts in, as messages may bunch up on their way. */
const WINDOW_MS = 1100;
/** The share of the limit that is used; the rest is for pongs that cannot wait. */
const SHARE = 0.8;

/** Sends the messages of one connection one after the other, never more of them in a second than the venue allows. */
export class ControlQueue {
  readonly #scheduler: SchedulerLike;
  readonly #limit: RateLimit;
  readonly #waiting: (() => void)[] = [];
  #timer: Subscription | undefined;
  #closed = false;

  /** `messagesPerSecond` is the venue's limit, all messages counted. */
  constructor(scheduler: SchedulerLike, messagesPerSecond: number) {
    this.#scheduler = scheduler;
    this.#limit = new RateLimit(messagesPerSecond * SHARE, WINDOW_MS);
  }

  /** Sends after all that wait. */
  push(send: () => void): void {
    this.#waiting.push(send);
    this.#drain();
  }

  /** Sends before all that wait: a heartbeat must not wait behind two hundred subscriptions. */
  pushFirst(send: () => void): void {
    this.#waiting.unshift(send);
    this.#drain();
  }

  /** A message went out past the queue (a pong); it uses up its share. */
  count(): void {
    this.#limit.count(this.#scheduler.now());
  }

  /** Forgets what waits, and sends nothing more. */
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
