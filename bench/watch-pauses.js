/**
 * Preloaded into a program (`node --import`). Every second, it writes the pauses of the garbage collector in
 * milliseconds to stderr, young collections apart from all others. It adds the longest delay of the event loop beyond
 * the resolution of its timer. This is JavaScript, because Node's type stripper would stay in the memory of the
 * program.
 */
import { constants, monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const EVERY_MS = 1000;
const RESOLUTION_MS = 1;

if (isMainThread) {
  let pauses = { young: [], others: [] };
  let since = Date.now();
  new PerformanceObserver((list) => {
    for (const { duration, detail } of list.getEntries())
      pauses[detail.kind === constants.NODE_PERFORMANCE_GC_MINOR ? 'young' : 'others'].push(duration);
  }).observe({ entryTypes: ['gc'] });
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  setInterval(() => {
    const line = { event: 'pauses', since, ...pauses, delay: Math.max(0, delays.max / 1e6 - RESOLUTION_MS) };
    pauses = { young: [], others: [] };
    since = Date.now();
    delays.reset();
    process.stderr.write(`${JSON.stringify(line)}\n`);
  }, EVERY_MS).unref();
}
