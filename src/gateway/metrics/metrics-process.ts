import type { ThreadFigures } from '../../domain/feed-figures.ts';
import type { ProcessFigures } from '../../telemetry/process-meter.ts';
import type { Metric, Read } from '../../telemetry/prometheus-text.ts';
import { counter, gauge, histogram, putCounts, seconds } from './metric.ts';
import type { MetricsSource } from './metrics-source.ts';

/** What process and threads cost. Names that Prometheus gives a meaning of their own have no prefix. */
export function processMetrics({ process, threads }: MetricsSource): readonly Metric[] {
  const ofProcess = (read: (figures: ProcessFigures) => number | null): Read<number> => {
    return (put) => put(read(process()));
  };
  const ofThreads = (read: (thread: ThreadFigures) => number): Read<number> => {
    return (put) => {
      for (const [thread, figures] of threads()) put(read(figures), { thread });
    };
  };
  return [
    {
      type: 'counter',
      name: 'process_cpu_seconds_total',
      help: 'CPU time of all threads.',
      read: ofProcess(({ cpuMs }) => cpuMs / 1000),
    },
    {
      type: 'gauge',
      name: 'process_resident_memory_bytes',
      help: 'Memory of the process.',
      read: ofProcess(({ residentBytes }) => residentBytes),
    },
    {
      type: 'gauge',
      name: 'process_start_time_seconds',
      help: 'When the process began, since 1970.',
      read: ofProcess(({ startedAtMs }) => seconds(startedAtMs)),
    },
    {
      type: 'gauge',
      name: 'process_open_fds',
      help: 'Open files and sockets; Linux only.',
      read: ofProcess(({ openFiles }) => openFiles),
    },
    {
      type: 'gauge',
      name: 'process_max_fds',
      help: 'As many may be open; Linux only.',
      read: ofProcess(({ mostFiles }) => mostFiles),
    },
    histogram('event_loop_delay_seconds', 'The longest delay of a thread within each second.', (put) => {
      for (const [thread, { eventLoopDelay }] of threads()) put(eventLoopDelay, { thread });
    }),
    counter(
      'event_loop_busy_seconds',
      'How long a thread was at work.',
      ofThreads(({ busyMs }) => busyMs / 1000),
    ),
    gauge(
      'heap_used_bytes',
      'Heap of a thread.',
      ofThreads(({ heapUsedBytes }) => heapUsedBytes),
    ),
    gauge(
      'heap_limit_bytes',
      'What it may grow to.',
      ofThreads(({ heapLimitBytes }) => heapLimitBytes),
    ),
    gauge(
      'external_memory_bytes',
      'Memory of a thread outside of its heap.',
      ofThreads((thread) => thread.externalBytes),
    ),
    counter('gc_runs', 'Garbage collections of a thread, by kind.', (put) => {
      for (const [thread, { gcRuns }] of threads()) putCounts(put, gcRuns, 'kind', { thread });
    }),
    counter('gc_seconds', 'What they took.', (put) => {
      for (const [thread, { gcMs }] of threads())
        for (const [kind, ms] of Object.entries(gcMs)) put(ms / 1000, { thread, kind });
    }),
  ];
}
