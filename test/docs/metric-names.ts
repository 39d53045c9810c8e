import { readFileSync } from 'node:fs';

/* Reads the names of metrics from docs/metrics.md and from PromQL expressions. */

export interface DocumentedMetric {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  /** True if a gateway that reads topics has it too. */
  readonly everywhere: boolean;
  readonly alerts: readonly string[];
}

/** The rows of docs/metrics.md. */
export function documentedMetrics(): readonly DocumentedMetric[] {
  return readFileSync('docs/metrics.md', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [, name = '', type = '', labels = '', , , alerts = ''] = line.split('|').map((cell) => cell.trim());
      return {
        name: /`(\w+)`/.exec(name)?.[1] ?? '',
        type,
        labels: labels === '' ? [] : labels.split(', '),
        everywhere: name.endsWith('○'),
        alerts: alerts === '' ? [] : alerts.split(', '),
      };
    });
}

const SERIES_OF_HISTOGRAMS = ['_bucket', '_sum', '_count'];

/** Every name that a series of these metrics may have. */
export function seriesNames(metrics: readonly Pick<DocumentedMetric, 'name' | 'type'>[]): ReadonlySet<string> {
  return new Set(
    metrics.flatMap(({ name, type }) =>
      type === 'histogram' ? SERIES_OF_HISTOGRAMS.map((suffix) => name + suffix) : [name],
    ),
  );
}

export interface AskedMetric {
  readonly name: string;
  /** The labels in a selector or an aggregation. */
  readonly labels: readonly string[];
}

/** The metrics in a PromQL expression. */
export function askedMetrics(expression: string): readonly AskedMetric[] {
  return [...expression.matchAll(/\b((?:market_feed|process)_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, name = '', selector = '']) => ({
      name,
      labels: [...selector.matchAll(/(\w+)\s*[=!]~?/g)].map(([, label = '']) => label),
    }),
  );
}
