import { setTimeout as delay } from 'node:timers/promises';

export interface UntilOptions {
  /** Milliseconds before it gives up; 30,000 by default. Shorter only where it has to be quick. */
  readonly timeoutMs?: number;
  /** Milliseconds between two looks; 25 by default. */
  readonly everyMs?: number;
  /** What was waited for, for the error's text. */
  readonly message?: string | (() => string);
}

/**
 * Polls until the predicate returns something truthy, and returns that.
 * @throws Error with the message when the deadline passes; what the predicate last threw is its cause.
 */
export async function until<T>(
  predicate: () => T | Promise<T>,
  { timeoutMs = 30_000, everyMs = 25, message = 'the condition' }: UntilOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let cause: unknown;
    try {
      const value = await predicate();
      if (value) return value;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= deadline) {
      const what = typeof message === 'string' ? message : message();
      throw new Error(`not within ${timeoutMs} ms: ${what}`, { cause });
    }
    await delay(everyMs);
  }
}
