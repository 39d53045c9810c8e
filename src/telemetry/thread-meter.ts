import {
  constants,
  monitorEventLoopDelay,
  type PerformanceEntry,
  PerformanceObserver,
  performance,
} from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { ThreadMetrics } from '../domain/metrics-snapshot.ts';
import { LatencyHistogram } from './latency-histogram.ts';

/* Measures the current thread for its metrics: event loop, heap and garbage collection. */

/**
 * The interval of the timer with which Node measures the event loop's delay. The time beyond this interval is the
 * delay.
 */
const RESOLUTION_MS = 10;

const GC_KINDS: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak_callbacks'],
]);

type Collection = PerformanceEntry & { readonly detail: { readonly kind: number } };

/** How long this thread has computed so far, without the time in which it waited for events. Milliseconds. */
export function threadBusyMs(): number {
  return performance.eventLoopUtilization().active;
}

/** Measures the thread that it runs in: event loop, heap and garbage collection. */
export class ThreadMeter {
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #longest = new LatencyHistogram();
  readonly #gcRuns: Record<string, number> = Object.fromEntries([...GC_KINDS.values()].map((kind) => [kind, 0]));
  readonly #gcMs = { ...this.#gcRuns };
  readonly #collections: PerformanceObserver;

  constructor() {
    this.#collections = new PerformanceObserver((list) => {
      for (const { detail, duration } of list.getEntries() as Collection[]) {
        const kind = GC_KINDS.get(detail.kind);
        if (kind === undefined) continue;
        this.#gcRuns[kind] = (this.#gcRuns[kind] ?? 0) + 1;
        this.#gcMs[kind] = (this.#gcMs[kind] ?? 0) + duration;
      }
    });
    this.#collections.observe({ entryTypes: ['gc'] });
    this.#delays.enable();
  }

  /**
   * Returns the metrics now. `eventLoopDelay` gets the longest delay since the last call, so one caller calls it every
   * second.
   */
  sample(): ThreadMetrics {
    if (this.#delays.count > 0) this.#longest.observe(Math.max(this.#delays.max / 1e6 - RESOLUTION_MS, 0));
    this.#delays.reset();
    // `process.memoryUsage` opens a file and throws if no more can be opened.
    const heap = getHeapStatistics();
    return {
      eventLoopDelay: this.#longest.distribution(),
      busyMs: threadBusyMs(),
      heapUsedBytes: heap.used_heap_size,
      heapLimitBytes: heap.heap_size_limit,
      externalBytes: heap.external_memory,
      gcRuns: { ...this.#gcRuns },
      gcMs: { ...this.#gcMs },
    };
  }

  close(): void {
    this.#delays.disable();
    this.#collections.disconnect();
  }
}
