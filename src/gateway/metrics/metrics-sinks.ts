import type { Metric } from '../../telemetry/prometheus-text.ts';
import { metricsOfEach, seconds } from './metric.ts';
import type { MetricsSource } from './metrics-source.ts';

/** Each sink, and the spill on the disk behind it. */
export function sinkMetrics({ view, snapshot }: MetricsSource): readonly Metric[] {
  const told = metricsOfEach(() => (view.snapshot?.sinks ?? []).map((each) => [{ sink: each.name }, each] as const));
  const sinks = () => Object.entries(snapshot()?.sinks ?? {}).map(([sink, metrics]) => [{ sink }, metrics] as const);
  const counted = metricsOfEach(sinks);
  const spilled = metricsOfEach(() =>
    sinks().flatMap(([labels, { spill }]) => (spill === null ? [] : [[labels, spill] as const])),
  );
  return [
    told.gauge('sink_up', '1 where the sink takes records.', ({ state }) => (state === 'up' ? 1 : 0)),
    told.gauge(
      'sink_lag_seconds',
      'Age of the oldest record that is not acknowledged.',
      ({ lagMs }) => (lagMs ?? 0) / 1000,
    ),
    told.gauge(
      'sink_queued_records',
      'Records that wait, in memory or on the disk, or are under way.',
      ({ queued }) => queued,
    ),
    told.counter('sink_delivered_records', 'Records acknowledged.', ({ delivered }) => delivered),
    counted.counter('sink_batches', 'Batches written.', ({ batches }) => batches),
    counted.counter(
      'sink_conflated_records',
      'Price ticks that a newer one replaced before they left.',
      ({ conflated }) => conflated,
    ),
    counted.counter('sink_rejected_records', 'Records that the sink will never take.', ({ rejected }) => rejected),
    counted.counts(
      'sink_dropped_records',
      'Records dropped for want of room, by topic.',
      'topic',
      ({ dropped }) => dropped,
    ),
    spilled.gauge('spill_records', 'Records on the disk that are not under way.', ({ records }) => records),
    spilled.gauge('spill_bytes', 'What they take.', ({ bytes }) => bytes),
    spilled.gauge('spill_limit_bytes', 'What they may take (spill.max_mb).', ({ limitBytes }) => limitBytes),
    spilled.gauge(
      'spill_age_seconds',
      'Since the oldest of the files was begun or found.',
      ({ oldestMs }) => seconds(oldestMs) ?? 0,
    ),
    spilled.counter('spill_broken', 'Stretches of files that could not be read.', ({ broken }) => broken),
    counted.histogram(
      'emitted_to_acknowledged_seconds',
      'From the feed to the acknowledgement of the sink.',
      ({ emittedToAcknowledged }) => emittedToAcknowledged,
    ),
  ];
}
