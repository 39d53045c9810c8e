import type { SchedulerLike, Subscription } from 'rxjs';

/** Sends messages one after the other, never more of them in a second than the far side allows. */
export interface ControlQueue {
  /** Sends after all that wait. */
  push(send: () => void): void;
  /** Sends before all that wait: a heartbeat must not stand in line behind two hundred subscriptions. */
  pushFirst(send: () => void): void;
  /** A message went out past the queue (a pong); it uses up its share. */
  count(): void;
  /** Forgets what waits, and sends nothing more. */
  close(): void;
}

/** The window is longer than the second the venue counts in, as messages may bunch up on their way. */
const WINDOW_MS = 1100;
/** The share of the limit that is used; the rest is for pongs that cannot wait. */
const SHARE = 0.8;

/** A queue for one connection. `messagesPerSecond` is the venue's limit, all messages counted. */
export function controlQueue(scheduler: SchedulerLike, messagesPerSecond: number): ControlQueue {
  const waiting: (() => void)[] = [];
  const sentAt: number[] = new Array(Math.max(1, Math.floor(messagesPerSecond * SHARE))).fill(Number.NEGATIVE_INFINITY);
  let oldest = 0;
  let timer: Subscription | undefined;
  let closed = false;

  function count(): void {
    sentAt[oldest] = scheduler.now();
    oldest = (oldest + 1) % sentAt.length;
  }

  function drain(): void {
    timer = undefined;
    while (waiting.length > 0) {
      const waitMs = (sentAt[oldest] ?? 0) + WINDOW_MS - scheduler.now();
      if (waitMs > 0) {
        timer = scheduler.schedule(drain, Math.ceil(waitMs));
        return;
      }
      count();
      waiting.shift()?.();
    }
  }

  function kick(): void {
    if (timer === undefined && !closed) drain();
  }

  return {
    push(send) {
      waiting.push(send);
      kick();
    },
    pushFirst(send) {
      waiting.unshift(send);
      kick();
    },
    count,
    close() {
      closed = true;
      waiting.length = 0;
      timer?.unsubscribe();
      timer = undefined;
    },
  };
}
