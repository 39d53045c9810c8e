/** Loaded before the program (`node --expose-gc --import`): its heap after a collection, every five seconds, on stderr. */
const EVERY_MS = 5_000;

setInterval(() => {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  process.stderr.write(`${JSON.stringify({ event: 'memory', heap_bytes: heapUsed, rss_bytes: rss })}\n`);
}, EVERY_MS).unref();
