import type { Counts } from '../../domain/metrics-snapshot.ts';
import type { ProcessMetrics } from '../../telemetry/process-meter.ts';
import type { Metric } from '../../telemetry/prometheus-text.ts';
import { metricsOfEach, seconds } from './metric.ts';
import type { MetricsSource } from './metrics-source.ts';

/** What process and threads cost. Names that Prometheus gives a meaning of their own have no prefix. */
export function processMetrics({ process, threads }: MetricsSource): readonly Metric[] {
  const ofProcess = (
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    read: (metrics: ProcessMetrics) => number | null,
  ): Metric => ({ type, name, help, read: (put) => put(read(process())) });
  const ofThreads = metricsOfEach(() => [...threads()].map(([thread, metrics]) => [{ thread }, metrics] as const));
  return [
    ofProcess('counter', 'process_cpu_seconds_total', 'CPU time of all threads.', ({ cpuMs }) => cpuMs / 1000),
    ofProcess('gauge', 'process_resident_memory_bytes', 'Memory of the process.', ({ residentBytes }) => residentBytes),
    ofProcess('gauge', 'process_start_time_seconds', 'When the process began, since 1970.', ({ startedAtMs }) =>
      seconds(startedAtMs),
    ),
    ofProcess('gauge', 'process_open_fds', 'Open files and sockets; Linux only.', ({ openFiles }) => openFiles),
    ofProcess('gauge', 'process_max_fds', 'As many may be open; Linux only.', ({ mostFiles }) => mostFiles),
    ofThreads.histogram(
      'event_loop_delay_seconds',
      'The longest delay of a thread within each second.',
      ({ eventLoopDelay }) => eventLoopDelay,
    ),
    ofThreads.counter('event_loop_busy_seconds', 'How long a thread was at work.', ({ busyMs }) => busyMs / 1000),
    ofThreads.gauge('heap_used_bytes', 'Heap of a thread.', ({ heapUsedBytes }) => heapUsedBytes),
    ofThreads.gauge('heap_limit_bytes', 'What it may grow to.', ({ heapLimitBytes }) => heapLimitBytes),
    ofThreads.gauge(
      'external_memory_bytes',
      'Memory of a thread outside of its heap.',
      (thread) => thread.externalBytes,
    ),
    ofThreads.counts('gc_runs', 'Garbage collections of a thread, by kind.', 'kind', ({ gcRuns }) => gcRuns),
    ofThreads.counts('gc_seconds', 'What they took.', 'kind', ({ gcMs }) => inSeconds(gcMs)),
  ];
}

const inSeconds = (ms: Counts): Counts =>
  Object.fromEntries(Object.entries(ms).map(([name, each]) => [name, each / 1000]));
