import type { FeedFigures, ThreadFigures } from '../../domain/feed-figures.ts';
import { ProcessMeter } from '../../telemetry/process-meter.ts';
import { type Metric, prometheusText } from '../../telemetry/prometheus-text.ts';
import { ThreadMeter } from '../../telemetry/thread-meter.ts';
import type { GatewayStats } from '../api/feed-answers.ts';
import type { GatewayView } from '../view/view.ts';
import { feedMetrics } from './metrics-feed.ts';
import { gatewayMetrics } from './metrics-gateway.ts';
import { processMetrics } from './metrics-process.ts';
import { sinkMetrics } from './metrics-sinks.ts';
import type { MetricsSource } from './metrics-source.ts';
import { symbolMetrics } from './metrics-symbols.ts';
import { venueMetrics } from './metrics-venues.ts';

/** All figures of feed and gateway in Prometheus' text format (docs/metrics.md). */
export class GatewayMetrics {
  readonly contentType = 'text/plain; version=0.0.4; charset=utf-8';
  readonly #metrics: readonly Metric[];
  readonly #meter = new ThreadMeter();
  #figures: FeedFigures | undefined;
  readonly #threads = new Map<string, ThreadFigures>();

  constructor(view: GatewayView, stats: () => GatewayStats) {
    const process = new ProcessMeter(() => view.at);
    const source: MetricsSource = {
      view,
      stats,
      figures: () => this.#figures,
      process: () => process.figures(),
      threads: () => this.#threads,
    };
    this.#metrics = [feedMetrics, venueMetrics, symbolMetrics, sinkMetrics, processMetrics, gatewayMetrics].flatMap(
      (metricsOf) => metricsOf(source),
    );
  }

  /** What the feed counts, from now on. */
  look(figures: FeedFigures): void {
    this.#figures = figures;
    this.#threads.set('feed', figures.thread);
  }

  /** To be called every second. */
  second(): void {
    this.#threads.set('gateway', this.#meter.second());
  }

  text(): string {
    return prometheusText(this.#metrics);
  }

  close(): void {
    this.#meter.close();
  }
}
