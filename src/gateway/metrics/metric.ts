import type { Counts, Distribution, MetricsSnapshot, ThreadMetrics } from '../../domain/metrics-snapshot.ts';
import type { ProcessMetrics } from '../../telemetry/process-meter.ts';
import type { Labels, Metric, MetricSeries } from '../../telemetry/prometheus-text.ts';
import type { GatewayStats } from '../api/feed-answers.ts';
import type { GatewayView } from '../view/view.ts';

/** The sources of the metrics, read at each scrape. */
export interface MetricsSource {
  readonly view: GatewayView;
  readonly stats: () => GatewayStats;
  /** Undefined if the pipeline runs elsewhere, or has reported nothing yet. */
  readonly snapshot: () => MetricsSnapshot | undefined;
  readonly process: () => ProcessMetrics;
  /** The threads' metrics by thread name. */
  readonly threads: () => ReadonlyMap<string, ThreadMetrics>;
}

export function gauge(name: string, help: string, read: () => MetricSeries<number>): Metric {
  return { type: 'gauge', name: `market_feed_${name}`, help, read };
}

export function counter(name: string, help: string, read: () => MetricSeries<number>): Metric {
  return { type: 'counter', name: `market_feed_${name}_total`, help, read };
}

/** Makes metrics with one series for each of several things. `all` returns the things with their labels. */
export function metricsOfEach<T>(all: () => MetricSeries<T>) {
  const each =
    <V>(read: (of: T) => V | null) =>
    (): MetricSeries<V> =>
      all().map(([labels, of]) => [labels, of === null ? null : read(of)]);
  const countsOf = (
    [labels, of]: MetricSeries<T>[number],
    label: string,
    read: (of: T) => Counts,
  ): MetricSeries<number> =>
    Object.entries(of === null ? {} : read(of)).map(([name, count]) => [{ ...labels, [label]: name }, count]);
  return {
    gauge: (name: string, help: string, read: (of: T) => number | null) => gauge(name, help, each(read)),
    counter: (name: string, help: string, read: (of: T) => number | null) => counter(name, help, each(read)),
    histogram: (name: string, help: string, read: (of: T) => Distribution): Metric => ({
      type: 'histogram',
      name: `market_feed_${name}`,
      help,
      read: each(read),
    }),
    /** A counter with one series for each name in the thing's counts. */
    counts: (name: string, help: string, label: string, read: (of: T) => Counts) =>
      counter(name, help, () => all().flatMap((one) => countsOf(one, label, read))),
  };
}

/** The things of a record, each labelled with its name. */
export function labelled<T>(label: string, things: Readonly<Record<string, T>> = {}): MetricSeries<T> {
  return Object.entries(things).map(([name, thing]): [Labels, T] => [{ [label]: name }, thing]);
}

export const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);
