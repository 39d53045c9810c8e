import type { PipelineFigures } from '../../domain/feed-figures.ts';
import type { Metric, Put, Read } from '../../telemetry/prometheus-text.ts';
import { notReady } from '../rest/answers.ts';
import { counter, gauge, putCounts, seconds } from './metric.ts';
import type { MetricsSource } from './metrics-source.ts';

/** How the feed is as a whole, and what it has published. */
export function feedMetrics({ view, figures }: MetricsSource): readonly Metric[] {
  const { feed } = view;
  const of =
    (read: (put: Put<number>, feed: PipelineFigures) => void): Read<number> =>
    (put) => {
      const feed = figures();
      if (feed !== undefined) read(put, feed);
    };
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
    counter(
      'published_records',
      'Records that left the feed, by kind.',
      of((put, { records }) => putCounts(put, records, 'kind')),
    ),
    counter(
      'status_records',
      'What happened, by state.',
      of((put, { states }) => putCounts(put, states, 'state')),
    ),
    counter(
      'gaps',
      'Holes in the trades, by what became of them.',
      of((put, { gaps }) => putCounts(put, gaps, 'outcome')),
    ),
    counter(
      'missing_trades',
      'Ids inside of gaps, as far as they can be counted.',
      of((put, { missingTrades }) => put(missingTrades)),
    ),
    counter(
      'filled_trades',
      'Those of them that came after all.',
      of((put, { filledTrades }) => put(filledTrades)),
    ),
    counter(
      'dead_letters',
      'What could not be used, by stage.',
      of((put, { deadLetters }) => putCounts(put, deadLetters, 'stage')),
    ),
    counter(
      'uncounted_trades',
      'Trades that no window counts, by reason.',
      of((put, { uncountedTrades }) => putCounts(put, uncountedTrades, 'reason')),
    ),
  ];
}
