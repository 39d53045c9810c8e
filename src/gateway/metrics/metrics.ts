import type { MetricsSnapshot, ThreadMetrics } from '../../domain/metrics-snapshot.ts';
import { createProcessMeter } from '../../telemetry/process-meter.ts';
import { type Metric, prometheusText } from '../../telemetry/prometheus-text.ts';
import { ThreadMeter } from '../../telemetry/thread-meter.ts';
import type { GatewayStats } from '../api/feed-answers.ts';
import type { GatewayView } from '../view/view.ts';
import type { MetricsSource } from './metric.ts';
import { feedMetrics, gatewayMetrics, symbolMetrics } from './metrics-feed.ts';
import { processMetrics } from './metrics-process.ts';
import { sinkMetrics } from './metrics-sinks.ts';
import { venueMetrics } from './metrics-venues.ts';

/** All metrics of feed and gateway in Prometheus' text format (docs/metrics.md). */
export class GatewayMetrics {
  readonly contentType = 'text/plain; version=0.0.4; charset=utf-8';
  readonly #metrics: readonly Metric[];
  readonly #meter = new ThreadMeter();
  #snapshot: MetricsSnapshot | undefined;
  readonly #threads = new Map<string, ThreadMetrics>();

  constructor(view: GatewayView, stats: () => GatewayStats) {
    const source: MetricsSource = {
      view,
      stats,
      snapshot: () => this.#snapshot,
      process: createProcessMeter(() => view.at),
      threads: () => this.#threads,
    };
    this.#metrics = [feedMetrics, venueMetrics, symbolMetrics, sinkMetrics, processMetrics, gatewayMetrics].flatMap(
      (metricsOf) => metricsOf(source),
    );
  }

  setSnapshot(snapshot: MetricsSnapshot): void {
    this.#snapshot = snapshot;
    this.#threads.set('feed', snapshot.thread);
  }

  /** Samples the gateway's thread. Call it every second. */
  sample(): void {
    this.#threads.set('gateway', this.#meter.sample());
  }

  text(): string {
    return prometheusText(this.#metrics);
  }

  close(): void {
    this.#meter.close();
  }
}
