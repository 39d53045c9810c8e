import type { Distribution } from '../domain/metrics-snapshot.ts';

export type Labels = Readonly<Record<string, string>>;

/** A metric's series, each with its labels; a null value leaves the series out. */
export type MetricSeries<T> = readonly (readonly [labels: Labels, value: T | null])[];

interface Named {
  readonly name: string;
  /** The description, one line. */
  readonly help: string;
}

/** A metric that is read at each scrape. */
export type Metric =
  | (Named & { readonly type: 'gauge' | 'counter'; readonly read: () => MetricSeries<number> })
  /** A histogram in seconds, made from a distribution in milliseconds. */
  | (Named & { readonly type: 'histogram'; readonly read: () => MetricSeries<Distribution> });

/** The metrics' present values in Prometheus' text format 0.0.4. */
export function prometheusText(metrics: readonly Metric[]): string {
  return metrics.map(textOf).join('');
}

function textOf(metric: Metric): string {
  const { name, help, type } = metric;
  const lines = [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`];
  const line = (of: string, labels: Labels, value: number): void => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text).replaceAll('"', '\\"')}"`);
    lines.push(`${of}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberText(value)}`);
  };
  if (metric.type !== 'histogram') {
    for (const [labels, value] of metric.read()) if (value !== null) line(name, labels, value);
  } else
    for (const [labels, distribution] of metric.read()) {
      if (distribution === null) continue;
      const { boundsMs, within, count, sumMs } = distribution;
      for (const [index, boundMs] of boundsMs.entries())
        line(`${name}_bucket`, { ...labels, le: String(boundMs / 1000) }, within[index] ?? 0);
      line(`${name}_bucket`, { ...labels, le: '+Inf' }, count);
      line(`${name}_sum`, labels, sumMs / 1000);
      line(`${name}_count`, labels, count);
    }
  return `${lines.join('\n')}\n`;
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

const numberText = (value: number): string =>
  value === Number.POSITIVE_INFINITY ? '+Inf' : value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
