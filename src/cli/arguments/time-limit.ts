/** A timer of Node.js runs no longer; one that shall ends at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** Aborts after so many milliseconds, also fractions and more than the 24.8 days that AbortSignal.timeout can wait. */
export function timeLimit(ms: number): AbortSignal {
  const over = new AbortController();
  const wait = (leftMs: number): void => {
    const nextMs = Math.min(leftMs, LONGEST_MS);
    setTimeout(() => (leftMs > nextMs ? wait(leftMs - nextMs) : over.abort()), nextMs).unref();
  };
  wait(ms);
  return over.signal;
}
