/**
 * Preloaded into a program (`node --expose-gc --import`). Every five seconds, it writes to stderr the size of the heap
 * after a garbage collection, and the number of open resources.
 */
import { getHeapSpaceStatistics } from 'node:v8';

const EVERY_MS = 5_000;
/** V8's heap spaces for compiled code. */
const CODE_SPACES: ReadonlySet<string> = new Set([
  'code_space',
  'code_large_object_space',
  'trusted_space',
  'trusted_large_object_space',
]);

setInterval(() => {
  globalThis.gc?.();
  const { heapUsed, rss, external } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo();
  const timers = resources.filter((name) => name === 'Timeout' || name === 'Immediate').length;
  const spaces = getHeapSpaceStatistics().filter(({ space_name }) => CODE_SPACES.has(space_name));
  const code = spaces.reduce((sum, { space_used_size }) => sum + space_used_size, 0);
  const bytes = { heap_bytes: heapUsed, code_bytes: code, rss_bytes: rss, external_bytes: external };
  const line = { event: 'memory', at: Date.now(), ...bytes, timers, resources: resources.length };
  process.stderr.write(`${JSON.stringify(line)}\n`);
}, EVERY_MS).unref();
