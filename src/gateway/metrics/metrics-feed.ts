import type { CoinSnapshot } from '../../domain/status-snapshot.ts';
import type { Metric } from '../../telemetry/prometheus-text.ts';
import { notReady } from '../rest/answers.ts';
import { counter, gauge, type MetricsSource, metricsOfEach, seconds } from './metric.ts';

/** The metrics of the feed as a whole. */
export function feedMetrics({ view, snapshot }: MetricsSource): readonly Metric[] {
  const { feed } = view;
  const whole = metricsOfEach(() => [[{}, feed]]);
  const counted = metricsOfEach(() => [[{}, snapshot() ?? null]]);
  return [
    gauge('info', 'Always 1; labels say what this is.', () => {
      const environment = view.snapshot?.environment ?? feed.instances.lastHeartbeat?.environment ?? '';
      return [[{ environment, source: view.snapshot === undefined ? 'topics' : 'pipeline' }, 1]];
    }),
    whole.gauge('start_time_seconds', 'Start of the pipeline.', () => seconds(view.snapshot?.startedAt ?? null)),
    whole.gauge('ready', '1 if /readyz is ready.', () => (notReady(view).length === 0 ? 1 : 0)),
    whole.gauge('trading_allowed', '1 if trading is allowed.', (of) => (of.tradability.state === 'allowed' ? 1 : 0)),
    whole.gauge('heartbeat_age_seconds', 'Age of the last heartbeat.', (of) => seconds(of.silentMs ?? Number.NaN)),
    whole.gauge('halted_symbols', 'Symbols that alone cannot be traded on.', ({ halted }) => halted.length),
    whole.gauge('stale_books', 'Symbols whose order book is out of step.', ({ staleBooks }) => staleBooks.length),
    counted.counts('published_records', 'Records that left the feed, by kind.', 'kind', (of) => of.records),
    counted.counts('status_records', 'What happened, by state.', 'state', (of) => of.states),
    counted.counts('gaps', 'Gaps in the trades, by what became of them.', 'outcome', (of) => of.gaps),
    counted.counter('missing_trades', 'Ids inside of gaps, as far as they can be counted.', (of) => of.missingTrades),
    counted.counter('filled_trades', 'Those of them that came after all.', (of) => of.filledTrades),
    counted.counts('dead_letters', 'What could not be used, by stage.', 'stage', (of) => of.deadLetters),
    counted.counts('uncounted_trades', 'Trades outside all windows, by reason.', 'reason', (of) => of.uncountedTrades),
  ];
}

/** With more symbols none has its own series: a whole exchange would be thousands. */
const MAX_SYMBOLS = 100;
const AGES_MS = { '1s': 1000, '10s': 10_000, '1m': 60_000, '10m': 600_000 };

/** The metrics of all symbols together, and of each one if there are few. */
export function symbolMetrics({ view }: MetricsSource): readonly Metric[] {
  const coins = () => view.snapshot?.coins ?? [];
  /** The snapshot's age is added. */
  const ageMs = ({ ageMs: then }: CoinSnapshot): number =>
    (then ?? Number.POSITIVE_INFINITY) + Math.max(view.at - (view.snapshot?.at ?? view.at), 0);
  const each = metricsOfEach(() =>
    (coins().length > MAX_SYMBOLS ? [] : coins()).map((coin) => {
      const { symbol, venue } = coin;
      return venue === null ? [{}, null] : [{ symbol, venue }, coin];
    }),
  );
  const fewOnly = `with more than ${MAX_SYMBOLS} symbols none.`;
  return [
    gauge('symbols', 'Symbols that are followed.', () => [[{}, view.snapshot?.coins.length ?? null]]),
    gauge('fresh_symbols', 'Those with an event within the time of the label.', () =>
      Object.entries(view.snapshot === undefined ? {} : AGES_MS).map(([within, ms]) => [
        { within },
        coins().filter((coin) => ageMs(coin) <= ms).length,
      ]),
    ),
    each.gauge('symbol_age_seconds', `Since the last event of a symbol; ${fewOnly}`, (coin) => ageMs(coin) / 1000),
    each.gauge('symbol_trades_per_second', `Over the last seconds; ${fewOnly}`, (coin) => coin.tradesPerSecond),
  ];
}

/** The metrics of the gateway itself. */
export function gatewayMetrics({ view, stats }: MetricsSource): readonly Metric[] {
  const own = metricsOfEach(() => [[{}, stats()]]);
  return [
    counter('gateway_records', 'Records that the gateway has taken in, by kind.', () =>
      [...view.counts].map(([kind, count]) => [{ kind }, count]),
    ),
    own.gauge('gateway_clients', 'Open WebSockets.', (of) => of.clients),
    own.gauge('gateway_max_clients', 'More are refused.', (of) => of.max_clients),
    own.counter('gateway_sent_messages', 'WebSocket messages sent.', (of) => of.messages_sent),
    own.counter('gateway_sent_bytes', 'Their payload.', (of) => of.bytes_sent),
    own.counter('gateway_missed_trades', 'Trades that slow clients did not get.', (of) => of.missed_trades),
    own.counter('gateway_closed_slow', 'Clients closed for not reading.', (of) => of.closed_slow),
  ];
}
