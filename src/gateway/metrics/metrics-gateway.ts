import type { Metric } from '../../telemetry/prometheus-text.ts';
import { counter, gauge } from './metric.ts';
import type { MetricsSource } from './metrics-source.ts';

/** The gateway itself, wherever the feed runs. */
export function gatewayMetrics({ view, stats }: MetricsSource): readonly Metric[] {
  return [
    counter('gateway_records', 'Records that the gateway has taken in, by kind.', (put) => {
      for (const [kind, count] of view.counts) put(count, { kind });
    }),
    gauge('gateway_clients', 'Open WebSockets.', (put) => put(stats().clients)),
    gauge('gateway_max_clients', 'More are refused.', (put) => put(stats().max_clients)),
    counter('gateway_sent_messages', 'WebSocket messages sent.', (put) => put(stats().messages_sent)),
    counter('gateway_sent_bytes', 'Their payload.', (put) => put(stats().bytes_sent)),
    counter('gateway_missed_trades', 'Trades that slow clients did not get, and were told of.', (put) =>
      put(stats().missed_trades),
    ),
    counter('gateway_closed_slow', 'Clients closed for not reading.', (put) => put(stats().closed_slow)),
  ];
}
