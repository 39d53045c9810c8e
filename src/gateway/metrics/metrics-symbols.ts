import type { CoinSnapshot } from '../../domain/feed-snapshot.ts';
import type { Metric, Read } from '../../telemetry/prometheus-text.ts';
import { gauge } from './metric.ts';
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
  const each =
    (read: (coin: CoinSnapshot) => number): Read<number> =>
    (put) => {
      const coins = view.snapshot?.coins ?? [];
      if (coins.length > MOST_SYMBOLS) return;
      for (const coin of coins) if (coin.venue !== null) put(read(coin), { symbol: coin.symbol, venue: coin.venue });
    };
  return [
    gauge('symbols', 'Symbols that are followed.', (put) => put(view.snapshot?.coins.length ?? null)),
    gauge('fresh_symbols', 'Those with an event within the time of the label.', (put) => {
      const coins = view.snapshot?.coins;
      if (coins === undefined) return;
      for (const [within, ms] of AGES) put(coins.filter((coin) => ageMs(coin) <= ms).length, { within });
    }),
    gauge(
      'symbol_age_seconds',
      `Since the last event of a symbol; with more than ${MOST_SYMBOLS} symbols none.`,
      each((coin) => ageMs(coin) / 1000),
    ),
    gauge(
      'symbol_trades_per_second',
      `Over the last seconds; with more than ${MOST_SYMBOLS} symbols none.`,
      each(({ tradesPerSecond }) => tradesPerSecond),
    ),
  ];
}
