import type { Counts, Distribution } from '../../domain/metrics-snapshot.ts';
import type { Labels, Metric, Put, Read } from '../../telemetry/prometheus-text.ts';

export const gauge = (name: string, help: string, read: Read<number>): Metric => ({
  type: 'gauge',
  name: `market_feed_${name}`,
  help,
  read,
});

export const counter = (name: string, help: string, read: Read<number>): Metric => ({
  type: 'counter',
  name: `market_feed_${name}_total`,
  help,
  read,
});

export const histogram = (name: string, help: string, read: Read<Distribution>): Metric => ({
  type: 'histogram',
  name: `market_feed_${name}`,
  help,
  read,
});

/** A series for each name. */
function putCounts(put: Put<number>, counts: Counts, label: string, labels = {}): void {
  for (const [name, count] of Object.entries(counts)) put(count, { ...labels, [label]: name });
}

/** Makers of metrics that have a series for each of several things; `all` gives their labels when it is asked. */
export function metricsOfEach<T>(all: () => Iterable<readonly [labels: Labels, of: T]>) {
  const each =
    <V>(read: (of: T) => V | null): Read<V> =>
    (put) => {
      for (const [labels, of] of all()) put(read(of), labels);
    };
  return {
    gauge: (name: string, help: string, read: (of: T) => number | null) => gauge(name, help, each(read)),
    counter: (name: string, help: string, read: (of: T) => number | null) => counter(name, help, each(read)),
    histogram: (name: string, help: string, read: (of: T) => Distribution) => histogram(name, help, each(read)),
    /** A counter with a series for each name that a thing counts by. */
    counts: (name: string, help: string, label: string, read: (of: T) => Counts) =>
      counter(name, help, (put) => {
        for (const [labels, of] of all()) putCounts(put, read(of), label, labels);
      }),
  };
}

/** Null stays null. */
export const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);
