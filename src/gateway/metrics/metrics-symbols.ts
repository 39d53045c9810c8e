import type { CoinSnapshot } from '../../domain/status-snapshot.ts';
import type { Metric } from '../../telemetry/prometheus-text.ts';
import { gauge, metricsOfEach } from './metric.ts';
import type { MetricsSource } from './metrics-source.ts';

/** More symbols than this have no series of their own: a whole exchange would be thousands. */
export const MOST_SYMBOLS = 100;
const AGES: readonly (readonly [name: string, ms: number])[] = [
  ['1s', 1000],
  ['10s', 10_000],
  ['1m', 60_000],
  ['10m', 600_000],
];

/** The symbols: together always, each by itself where there are few. */
export function symbolMetrics({ view }: MetricsSource): readonly Metric[] {
  /** What was a second ago is a second older. */
  const ageMs = ({ ageMs: then }: CoinSnapshot): number =>
    (then ?? Number.POSITIVE_INFINITY) + Math.max(view.at - (view.snapshot?.at ?? view.at), 0);
  const each = metricsOfEach(() => {
    const coins = view.snapshot?.coins ?? [];
    if (coins.length > MOST_SYMBOLS) return [];
    return coins.flatMap((coin) => {
      const { symbol, venue } = coin;
      return venue === null ? [] : [[{ symbol, venue }, coin] as const];
    });
  });
  return [
    gauge('symbols', 'Symbols that are followed.', (put) => put(view.snapshot?.coins.length ?? null)),
    gauge('fresh_symbols', 'Those with an event within the time of the label.', (put) => {
      const coins = view.snapshot?.coins;
      if (coins === undefined) return;
      for (const [within, ms] of AGES) put(coins.filter((coin) => ageMs(coin) <= ms).length, { within });
    }),
    each.gauge(
      'symbol_age_seconds',
      `Since the last event of a symbol; with more than ${MOST_SYMBOLS} symbols none.`,
      (coin) => ageMs(coin) / 1000,
    ),
    each.gauge(
      'symbol_trades_per_second',
      `Over the last seconds; with more than ${MOST_SYMBOLS} symbols none.`,
      ({ tradesPerSecond }) => tradesPerSecond,
    ),
  ];
}
