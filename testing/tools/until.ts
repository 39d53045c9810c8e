import { setTimeout as delay } from 'node:timers/promises';

export interface UntilOptions {
  /** Timeout in milliseconds; 30,000 by default. Use a shorter one only if speed is what you test. */
  readonly timeoutMs?: number;
  /** Milliseconds between two polls; 25 by default. */
  readonly everyMs?: number;
  /** The condition, for the text of the error. */
  readonly message?: string | (() => string);
}

/**
 * Polls until the predicate returns something truthy, and returns that.
 * @throws Error with the message after the timeout. Its cause is what the predicate last threw.
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
