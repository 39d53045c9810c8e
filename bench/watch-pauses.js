/**
 * Loaded before the program (`node --import`): on stderr every second the pauses of its garbage collector, milliseconds,
 * those of young collections apart from all others, and the longest delays of its event loop beyond the timer's own. No
 * TypeScript, whose stripper would stay in the program's memory.
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
