import type { SinkFigures, SpillFigures } from '../../domain/feed-figures.ts';
import type { SinkSnapshot } from '../../domain/feed-snapshot.ts';
import type { Metric, Read } from '../../telemetry/prometheus-text.ts';
import { counter, gauge, histogram, putCounts, seconds } from './metric.ts';
import type { MetricsSource } from './metrics-source.ts';

/** Each sink, and the spill on the disk behind it. */
export function sinkMetrics({ view, figures }: MetricsSource): readonly Metric[] {
  const told =
    (read: (sink: SinkSnapshot) => number): Read<number> =>
    (put) => {
      for (const sink of view.snapshot?.sinks ?? []) put(read(sink), { sink: sink.name });
    };
  const sinks = (): [string, SinkFigures][] => Object.entries(figures()?.sinks ?? {});
  const counted =
    (read: (sink: SinkFigures) => number): Read<number> =>
    (put) => {
      for (const [sink, counts] of sinks()) put(read(counts), { sink });
    };
  const spilled =
    (read: (spill: SpillFigures) => number): Read<number> =>
    (put) => {
      for (const [sink, { spill }] of sinks()) put(spill === null ? null : read(spill), { sink });
    };
  return [
    gauge(
      'sink_up',
      '1 where the sink takes records.',
      told(({ state }) => (state === 'up' ? 1 : 0)),
    ),
    gauge(
      'sink_lag_seconds',
      'Age of the oldest record that is not acknowledged.',
      told(({ lagMs }) => (lagMs ?? 0) / 1000),
    ),
    gauge(
      'sink_queued_records',
      'Records that wait, in memory or on the disk, or are under way.',
      told(({ queued }) => queued),
    ),
    counter(
      'sink_delivered_records',
      'Records acknowledged.',
      told(({ delivered }) => delivered),
    ),
    counter(
      'sink_batches',
      'Batches written.',
      counted(({ batches }) => batches),
    ),
    counter(
      'sink_conflated_records',
      'Price ticks that a newer one replaced before they left.',
      counted(({ conflated }) => conflated),
    ),
    counter(
      'sink_rejected_records',
      'Records that the sink will never take.',
      counted(({ rejected }) => rejected),
    ),
    counter('sink_dropped_records', 'Records dropped for want of room, by topic.', (put) => {
      for (const [sink, { dropped }] of sinks()) putCounts(put, dropped, 'topic', { sink });
    }),
    gauge(
      'spill_records',
      'Records on the disk that are not under way.',
      spilled(({ records }) => records),
    ),
    gauge(
      'spill_bytes',
      'What they take.',
      spilled(({ bytes }) => bytes),
    ),
    gauge(
      'spill_limit_bytes',
      'What they may take (spill.max_mb).',
      spilled(({ limitBytes }) => limitBytes),
    ),
    gauge(
      'spill_age_seconds',
      'Since the oldest of the files was begun or found.',
      spilled(({ oldestMs }) => seconds(oldestMs) ?? 0),
    ),
    counter(
      'spill_broken',
      'Stretches of files that could not be read.',
      spilled(({ broken }) => broken),
    ),
    histogram('emitted_to_acknowledged_seconds', 'From the feed to the acknowledgement of the sink.', (put) => {
      for (const [sink, { emittedToAcknowledged }] of sinks()) put(emittedToAcknowledged, { sink });
    }),
  ];
}
