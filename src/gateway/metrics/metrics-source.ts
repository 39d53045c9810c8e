import type { MetricsSnapshot, ThreadMetrics } from '../../domain/metrics-snapshot.ts';
import type { ProcessMetrics } from '../../telemetry/process-meter.ts';
import type { GatewayStats } from '../api/feed-answers.ts';
import type { GatewayView } from '../view/view.ts';

/** What metrics are read from, at the moment when they are asked for. */
export interface MetricsSource {
  readonly view: GatewayView;
  readonly stats: () => GatewayStats;
  /** Undefined where the pipeline runs elsewhere, or has told nothing yet. */
  readonly snapshot: () => MetricsSnapshot | undefined;
  readonly process: () => ProcessMetrics;
  /** By name, as far as they are known. */
  readonly threads: () => ReadonlyMap<string, ThreadMetrics>;
}
