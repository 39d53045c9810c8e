import type { Counts } from '../../domain/metrics-snapshot.ts';
import type { ProcessMetrics } from '../../telemetry/process-meter.ts';
import type { Metric } from '../../telemetry/prometheus-text.ts';
import { type MetricsSource, metricsOfEach, seconds } from './metric.ts';

/** The metrics of process and threads. Prometheus' own `process_` names have no prefix of ours. */
export function processMetrics({ process, threads }: MetricsSource): readonly Metric[] {
  const ofProcess = (
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    read: (metrics: ProcessMetrics) => number | null,
  ): Metric => ({ type, name: `process_${name}`, help, read: () => [[{}, read(process())]] });
  const ofThreads = metricsOfEach(() => [...threads()].map(([thread, metrics]) => [{ thread }, metrics]));
  return [
    ofProcess('counter', 'cpu_seconds_total', 'CPU time of all threads.', (of) => of.cpuMs / 1000),
    ofProcess('gauge', 'resident_memory_bytes', 'Memory of the process.', (of) => of.residentBytes),
    ofProcess('gauge', 'start_time_seconds', 'Start of the process, since 1970.', (of) => seconds(of.startedAtMs)),
    ofProcess('gauge', 'open_fds', 'Open files and sockets; Linux only.', (of) => of.openFiles),
    ofProcess('gauge', 'max_fds', 'Limit of open files and sockets; Linux only.', (of) => of.maxOpenFiles),
    ofThreads.histogram('event_loop_delay_seconds', 'Longest delay in each second.', (of) => of.eventLoopDelay),
    ofThreads.counter('event_loop_busy_seconds', 'Time that a thread was at work.', (of) => of.busyMs / 1000),
    ofThreads.gauge('heap_used_bytes', 'Used heap of a thread.', (of) => of.heapUsedBytes),
    ofThreads.gauge('heap_limit_bytes', 'Limit of the heap of a thread.', (of) => of.heapLimitBytes),
    ofThreads.gauge('external_memory_bytes', 'Memory of a thread outside of its heap.', (of) => of.externalBytes),
    ofThreads.counts('gc_runs', 'Garbage collections of a thread, by kind.', 'kind', (of) => of.gcRuns),
    ofThreads.counts('gc_seconds', 'Time of garbage collections, by kind.', 'kind', (of) => inSeconds(of.gcMs)),
  ];
}

const inSeconds = (ms: Counts): Counts =>
  Object.fromEntries(Object.entries(ms).map(([name, each]) => [name, each / 1000]));
