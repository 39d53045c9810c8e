/**
 * Loaded before the program (`node --expose-gc --import`): its heap after a collection and what it holds open, every
 * five seconds, on stderr.
 */
const EVERY_MS = 5_000;

setInterval(() => {
  globalThis.gc?.();
  const { heapUsed, rss, external } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo();
  const timers = resources.filter((name) => name === 'Timeout' || name === 'Immediate').length;
  const bytes = { heap_bytes: heapUsed, rss_bytes: rss, external_bytes: external };
  const line = { event: 'memory', at: Date.now(), ...bytes, timers, resources: resources.length };
  process.stderr.write(`${JSON.stringify(line)}\n`);
}, EVERY_MS).unref();
