import type { CoinSnapshot } from '../../domain/status-snapshot.ts';
import type { Metric } from '../../telemetry/prometheus-text.ts';
import { feedHeadline, notReady } from '../rest/feed-headline.ts';
import { counter, gauge, type MetricsSource, metricsOfEach, seconds } from './metric.ts';

/** The metrics of the feed as a whole. */
export function feedMetrics({ view, snapshot }: MetricsSource): readonly Metric[] {
  const { feed } = view;
  const whole = metricsOfEach(() => [[{}, feed]]);
  const counted = metricsOfEach(() => [[{}, snapshot() ?? null]]);
  const healing = metricsOfEach(() => [[{}, snapshot()?.healing ?? null]]);
  return [
    gauge('info', 'Always 1; the labels name the environment and the source.', () => {
      const environment = view.snapshot?.environment ?? feed.instances.lastHeartbeat?.environment ?? '';
      return [[{ environment, source: view.snapshot === undefined ? 'topics' : 'pipeline' }, 1]];
    }),
    whole.gauge('start_time_seconds', 'Start of the pipeline.', () => seconds(view.snapshot?.startedAt ?? null)),
    whole.gauge('ready', '1 if /readyz is ready.', () => (notReady(view, feedHeadline(view)).length === 0 ? 1 : 0)),
    whole.gauge('trading_allowed', '1 if trading is allowed.', (of) => (of.tradability.state === 'allowed' ? 1 : 0)),
    whole.gauge('heartbeat_age_seconds', 'Age of the last heartbeat.', (of) => seconds(of.silentMs ?? Number.NaN)),
    whole.gauge('halted_symbols', 'Symbols that are halted while the feed is not.', ({ halted }) => halted.length),
    whole.gauge('stale_books', 'Symbols whose order book is out of step.', ({ staleBooks }) => staleBooks.length),
    counted.counts('published_records', 'Records that left the feed, by kind.', 'kind', (of) => of.records),
    counted.counts('status_records', 'Status records, by state.', 'state', (of) => of.states),
    counted.counts('gaps', 'Gaps in the trades, by outcome.', 'outcome', (of) => of.gaps),
    counted.counter('missing_trades', 'Trades inside gaps, as far as they can be counted.', (of) => of.missingTrades),
    counted.counter('filled_trades', 'Missing trades that arrived later.', (of) => of.filledTrades),
    healing.gauge('open_gaps', 'Gaps that are not healed, those of earlier runs included.', (of) => of.openGaps),
    healing.gauge('left_gaps', 'Open gaps whose trades the venue no longer has.', (of) => of.leftGaps),
    healing.counter('late_trades', 'Trades of gaps that were written to late-trades.', (of) => of.lateTrades),
    gauge('shards', 'Shards of this instance of a cluster, by role: owner, starting or standby.', () => {
      const roles = Map.groupBy(view.snapshot?.shards ?? [], ({ role }) => role);
      return [...roles].map(([role, shards]) => [{ role }, shards.length]);
    }),
    counter('audits', 'Published audits of minutes, by verdict.', () =>
      [...view.audits.counts].flatMap(([venue, ofVenue]) =>
        [...ofVenue].map(([verdict, count]) => [{ venue, verdict }, count]),
      ),
    ),
    counted.counts('dead_letters', 'Data that could not be used, by stage.', 'stage', (of) => of.deadLetters),
    counted.counts('uncounted_trades', 'Trades outside all windows, by reason.', 'reason', (of) => of.uncountedTrades),
  ];
}

/** With more symbols, no symbol has its own series: a whole venue would have thousands. */
const MAX_SYMBOLS = 100;
const AGES_MS = { '1s': 1000, '10s': 10_000, '1m': 60_000, '10m': 600_000 };

/** The metrics of all symbols together, and of each one if there are few. */
export function symbolMetrics({ view }: MetricsSource): readonly Metric[] {
  const coins = () => view.snapshot?.coins ?? [];
  /** Age of a symbol's last event now: its age in the snapshot, plus the snapshot's age. */
  const ageMs = ({ ageMs: then }: CoinSnapshot): number =>
    (then ?? Number.POSITIVE_INFINITY) + Math.max(view.at - (view.snapshot?.at ?? view.at), 0);
  const each = metricsOfEach(() =>
    (coins().length > MAX_SYMBOLS ? [] : coins()).map((coin) => {
      const { symbol, venue } = coin;
      return venue === null ? [{}, null] : [{ symbol, venue }, coin];
    }),
  );
  const fewOnly = `not with more than ${MAX_SYMBOLS} symbols.`;
  return [
    gauge('symbols', 'Symbols that are followed.', () => [[{}, view.snapshot?.coins.length ?? null]]),
    gauge('fresh_symbols', 'Symbols with an event within the time in the label.', () =>
      Object.entries(view.snapshot === undefined ? {} : AGES_MS).map(([within, ms]) => [
        { within },
        coins().filter((coin) => ageMs(coin) <= ms).length,
      ]),
    ),
    each.gauge('symbol_age_seconds', `Age of a symbol's last event; ${fewOnly}`, (coin) => ageMs(coin) / 1000),
    each.gauge('symbol_trades_per_second', `Trades of the last seconds; ${fewOnly}`, (coin) => coin.tradesPerSecond),
  ];
}

/** The metrics of the gateway itself. */
export function gatewayMetrics({ view, stats }: MetricsSource): readonly Metric[] {
  const own = metricsOfEach(() => [[{}, stats()]]);
  return [
    counter('gateway_records', 'Records that the gateway received, by kind.', () =>
      [...view.counts].map(([kind, count]) => [{ kind }, count]),
    ),
    own.gauge('gateway_clients', 'Open WebSockets.', (of) => of.clients),
    own.gauge('gateway_max_clients', 'Maximum number of WebSockets.', (of) => of.max_clients),
    own.counter('gateway_sent_messages', 'WebSocket messages sent.', (of) => of.messages_sent),
    own.counter('gateway_sent_bytes', 'Payload of WebSocket messages.', (of) => of.bytes_sent),
    own.counter('gateway_missed_trades', 'Trades that slow clients did not get.', (of) => of.missed_trades),
    own.counter('gateway_closed_slow', 'Clients disconnected because they did not read.', (of) => of.closed_slow),
  ];
}
