/** The longest timer of Node.js; a longer one fires at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** Returns a signal that aborts after `ms`. Unlike AbortSignal.timeout, it allows fractions and more than 24.8 days. */
export function timeLimit(ms: number): AbortSignal {
  const over = new AbortController();
  const wait = (leftMs: number): void => {
    const nextMs = Math.min(leftMs, LONGEST_MS);
    setTimeout(() => (leftMs > nextMs ? wait(leftMs - nextMs) : over.abort()), nextMs).unref();
  };
  wait(ms);
  return over.signal;
}
