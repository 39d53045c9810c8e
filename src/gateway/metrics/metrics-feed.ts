import type { Metric } from '../../telemetry/prometheus-text.ts';
import { notReady } from '../rest/answers.ts';
import { gauge, metricsOfEach, seconds } from './metric.ts';
import type { MetricsSource } from './metrics-source.ts';

/** How the feed is as a whole, and what it has published. */
export function feedMetrics({ view, snapshot }: MetricsSource): readonly Metric[] {
  const { feed } = view;
  const counted = metricsOfEach(() =>
    [snapshot()].flatMap((metrics) => (metrics === undefined ? [] : [[{}, metrics] as const])),
  );
  return [
    gauge('info', 'Always 1; labels say what this is.', (put) => {
      const environment = view.snapshot?.environment ?? feed.instances.lastBeat?.environment ?? '';
      put(1, { environment, source: view.snapshot === undefined ? 'topics' : 'pipeline' });
    }),
    gauge('start_time_seconds', 'When the pipeline began, since 1970.', (put) =>
      put(seconds(view.snapshot?.startedAt ?? null)),
    ),
    gauge('ready', '1 where /readyz says so.', (put) => put(notReady(view).length === 0 ? 1 : 0)),
    gauge('trading_allowed', '1 where the feed can be traded on.', (put) =>
      put(feed.tradability.state === 'allowed' ? 1 : 0),
    ),
    gauge('heartbeat_age_seconds', "Since the feed's last heartbeat; NaN: none yet.", (put) =>
      put(seconds(feed.silentMs ?? Number.NaN)),
    ),
    gauge('halted_symbols', 'Symbols that alone cannot be traded on.', (put) => put(feed.halted.length)),
    gauge('stale_books', 'Symbols whose order book is out of step.', (put) => put(feed.staleBooks.length)),
    counted.counts('published_records', 'Records that left the feed, by kind.', 'kind', ({ records }) => records),
    counted.counts('status_records', 'What happened, by state.', 'state', ({ states }) => states),
    counted.counts('gaps', 'Holes in the trades, by what became of them.', 'outcome', ({ gaps }) => gaps),
    counted.counter(
      'missing_trades',
      'Ids inside of gaps, as far as they can be counted.',
      ({ missingTrades }) => missingTrades,
    ),
    counted.counter('filled_trades', 'Those of them that came after all.', ({ filledTrades }) => filledTrades),
    counted.counts('dead_letters', 'What could not be used, by stage.', 'stage', ({ deadLetters }) => deadLetters),
    counted.counts(
      'uncounted_trades',
      'Trades that no window counts, by reason.',
      'reason',
      ({ uncountedTrades }) => uncountedTrades,
    ),
  ];
}
