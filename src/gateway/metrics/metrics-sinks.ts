import type { Metric } from '../../telemetry/prometheus-text.ts';
import { labelled, type MetricsSource, metricsOfEach, seconds } from './metric.ts';

/** The metrics of each sink and its spill. */
export function sinkMetrics({ view, snapshot }: MetricsSource): readonly Metric[] {
  const reported = metricsOfEach(() => (view.snapshot?.sinks ?? []).map((each) => [{ sink: each.name }, each]));
  const sinks = () => labelled('sink', snapshot()?.sinks);
  const counted = metricsOfEach(sinks);
  const spilled = metricsOfEach(() => sinks().map(([labels, sink]) => [labels, sink?.spill ?? null]));
  return [
    reported.gauge('sink_up', '1 if the sink takes records.', ({ state }) => (state === 'up' ? 1 : 0)),
    reported.gauge('sink_lag_seconds', 'Age of the oldest unacknowledged record.', (of) => (of.lagMs ?? 0) / 1000),
    reported.gauge('sink_queued_records', 'Records that wait, in memory or on disk, or in flight.', (of) => of.queued),
    reported.counter('sink_delivered_records', 'Records acknowledged.', (of) => of.delivered),
    counted.counter('sink_batches', 'Batches written.', (of) => of.batches),
    counted.counter('sink_conflated_records', 'Waiting price ticks that a newer one replaced.', (of) => of.conflated),
    counted.counter('sink_rejected_records', 'Records that the sink will never take.', (of) => of.rejected),
    counted.counts('sink_dropped_records', 'Records dropped from a full queue, by topic.', 'topic', (of) => of.dropped),
    spilled.gauge('spill_records', 'Records on disk that are not in flight.', (of) => of.records),
    spilled.gauge('spill_bytes', 'Size of the spill.', (of) => of.bytes),
    spilled.gauge('spill_limit_bytes', 'Maximum size of the spill (spill.max_mb).', (of) => of.limitBytes),
    spilled.gauge('spill_age_seconds', 'Time since the spill was created or found.', (of) => seconds(of.oldestMs) ?? 0),
    spilled.counter('spill_broken', 'Ranges of the spill that could not be read.', (of) => of.broken),
    counted.histogram(
      'emitted_to_acknowledged_seconds',
      "Time from the feed's output to the sink's acknowledgement.",
      (of) => of.emittedToAcknowledged,
    ),
  ];
}
