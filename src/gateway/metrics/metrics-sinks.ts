import type { Metric } from '../../telemetry/prometheus-text.ts';
import { labelled, type MetricsSource, metricsOfEach, seconds } from './metric.ts';

/** Each sink, and the spill on the disk behind it. */
export function sinkMetrics({ view, snapshot }: MetricsSource): readonly Metric[] {
  const reported = metricsOfEach(() => (view.snapshot?.sinks ?? []).map((each) => [{ sink: each.name }, each]));
  const sinks = () => labelled('sink', snapshot()?.sinks);
  const counted = metricsOfEach(sinks);
  const spilled = metricsOfEach(() => sinks().map(([labels, sink]) => [labels, sink?.spill ?? null]));
  return [
    reported.gauge('sink_up', '1 where the sink takes records.', ({ state }) => (state === 'up' ? 1 : 0)),
    reported.gauge(
      'sink_lag_seconds',
      'Age of the oldest record that is not acknowledged.',
      ({ lagMs }) => (lagMs ?? 0) / 1000,
    ),
    reported.gauge(
      'sink_queued_records',
      'Records that wait, in memory or on the disk, or are under way.',
      (of) => of.queued,
    ),
    reported.counter('sink_delivered_records', 'Records acknowledged.', (of) => of.delivered),
    counted.counter('sink_batches', 'Batches written.', (of) => of.batches),
    counted.counter(
      'sink_conflated_records',
      'Price ticks that a newer one replaced before they left.',
      (of) => of.conflated,
    ),
    counted.counter('sink_rejected_records', 'Records that the sink will never take.', (of) => of.rejected),
    counted.counts('sink_dropped_records', 'Records dropped for want of room, by topic.', 'topic', (of) => of.dropped),
    spilled.gauge('spill_records', 'Records on the disk that are not under way.', (of) => of.records),
    spilled.gauge('spill_bytes', 'What they take.', (of) => of.bytes),
    spilled.gauge('spill_limit_bytes', 'What they may take (spill.max_mb).', (of) => of.limitBytes),
    spilled.gauge(
      'spill_age_seconds',
      'Since the oldest of the files was begun or found.',
      ({ oldestMs }) => seconds(oldestMs) ?? 0,
    ),
    spilled.counter('spill_broken', 'Stretches of files that could not be read.', (of) => of.broken),
    counted.histogram(
      'emitted_to_acknowledged_seconds',
      'From the feed to the acknowledgement of the sink.',
      (of) => of.emittedToAcknowledged,
    ),
  ];
}
