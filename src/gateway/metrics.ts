import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { LatencyFigures } from '../domain/feed-snapshot.ts';
import { notReady } from './answers.ts';
import type { GatewayStats } from './api.ts';
import type { GatewayView } from './view.ts';

type Labels = Readonly<Record<string, string>>;
/** Adds a value to a metric. */
type Put = (value: number | null, labels?: Labels) => void;

/** All figures of feed and gateway in Prometheus' text format, read when they are asked for; beside them Node's own of this thread. */
export class GatewayMetrics {
  readonly #registry = new Registry();
  readonly #view: GatewayView;

  constructor(view: GatewayView, stats: () => GatewayStats) {
    this.#view = view;
    collectDefaultMetrics({ register: this.#registry });
    this.#feed();
    this.#venues();
    this.#coins();
    this.#sinks();
    this.#gateway(stats);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #feed(): void {
    const { state } = this.#view;
    this.#gauge('ready', '1 where /readyz says so.', [], (put) => put(notReady(this.#view).length === 0 ? 1 : 0));
    this.#gauge('trading_allowed', '1 where the feed can be traded on.', [], (put) =>
      put(state.trading.state === 'allowed' ? 1 : 0),
    );
    this.#gauge('heartbeat_age_seconds', "Since the feed's last heartbeat; NaN: none yet.", [], (put) =>
      put(seconds(state.silentMs ?? Number.NaN)),
    );
    this.#gauge('halted_symbols', 'Symbols that alone cannot be traded on.', [], (put) => put(state.halted.length));
    this.#counter('feed_events_total', 'What the feed counts, by name.', ['event'], (put) => {
      for (const [event, count] of Object.entries(this.#view.snapshot?.counts ?? {})) put(count, { event });
    });
    this.#counter('records_total', 'Records that the gateway has seen.', ['kind'], (put) => {
      for (const [kind, count] of this.#view.counts) put(count, { kind });
    });
  }

  #venues(): void {
    const { state } = this.#view;
    const each = (put: Put, value: (venue: VenueFigures) => number | null) => {
      for (const venue of this.#view.snapshot?.venues ?? []) put(value(venue), { venue: venue.venue });
    };
    this.#gauge('data_age_seconds', 'Since the last data of a venue.', ['venue'], (put) => {
      for (const venue of state.venues.values()) put(seconds(venue.ageMs), { venue: venue.venue });
    });
    this.#gauge('active_venue', '1 for the venue that serves.', ['venue'], (put) => {
      for (const { venue } of state.venues.values()) put(venue === state.activeVenue ? 1 : 0, { venue });
    });
    this.#gauge('venue_state', '1 for the state that a venue is in.', ['venue', 'state'], (put) => {
      for (const { venue, state: name } of this.#view.snapshot?.venues ?? state.venues.values())
        put(1, { venue, state: name });
    });
    this.#gauge('lines_up', 'Open connections.', ['venue'], (put) => each(put, ({ linesUp }) => linesUp));
    this.#counter('frames_total', 'Frames received.', ['venue'], (put) => each(put, ({ frames }) => frames));
    this.#counter('reconnects_total', 'Connections lost or not made.', ['venue'], (put) =>
      each(put, ({ reconnects }) => reconnects),
    );
    this.#gauge('clock_offset_seconds', "The venue's clock minus ours.", ['venue'], (put) =>
      each(put, ({ clock }) => seconds(clock.estimate?.offsetMs ?? null)),
    );
    this.#latency(
      'venue_to_socket_seconds',
      'From the time of a trade to our socket, its clock corrected.',
      'venue',
      () => (this.#view.snapshot?.venues ?? []).map(({ venue, latencyMs }) => [venue, latencyMs.venueToSocket]),
    );
    this.#latency('socket_to_emitted_seconds', 'From our socket to where records leave the feed.', 'venue', () =>
      (this.#view.snapshot?.venues ?? []).map(({ venue, latencyMs }) => [venue, latencyMs.socketToEmitted]),
    );
  }

  #coins(): void {
    const each = (put: Put, value: (coin: CoinFigures) => number | null) => {
      for (const coin of this.#view.snapshot?.coins ?? [])
        put(value(coin), { symbol: coin.symbol, venue: coin.venue ?? '' });
    };
    const labels = ['symbol', 'venue'];
    this.#gauge('coin_age_seconds', 'Since the last event of a symbol.', labels, (put) =>
      each(put, ({ ageMs }) => seconds(ageMs === null ? null : ageMs + this.#sinceSnapshotMs)),
    );
    this.#gauge('coin_trades_per_second', 'Over the last seconds.', labels, (put) =>
      each(put, ({ tradesPerSecond }) => tradesPerSecond),
    );
  }

  /** What was a second ago is a second older. */
  get #sinceSnapshotMs(): number {
    const { at, snapshot } = this.#view;
    return Math.max(at - (snapshot?.at ?? at), 0);
  }

  #sinks(): void {
    const each = (put: Put, value: (sink: SinkFigures) => number | null) => {
      for (const sink of this.#view.snapshot?.sinks ?? []) put(value(sink), { sink: sink.name });
    };
    this.#gauge('sink_up', '1 where the sink takes records.', ['sink'], (put) =>
      each(put, ({ state }) => (state === 'up' ? 1 : 0)),
    );
    this.#gauge('sink_lag_seconds', 'Age of the oldest record that is not acknowledged.', ['sink'], (put) =>
      each(put, ({ lagMs }) => seconds(lagMs ?? 0)),
    );
    this.#gauge('sink_queued_records', 'Records that wait or are under way.', ['sink'], (put) =>
      each(put, ({ queued }) => queued),
    );
    this.#counter('delivered_records_total', 'Records acknowledged.', ['sink'], (put) =>
      each(put, ({ delivered }) => delivered),
    );
    this.#counter('dropped_records_total', 'Records dropped for want of room.', ['sink'], (put) =>
      each(put, ({ dropped }) => dropped),
    );
    this.#latency('emitted_to_acknowledged_seconds', 'From the feed to the acknowledgement of the sink.', 'sink', () =>
      (this.#view.snapshot?.sinks ?? []).map(({ name, latencyMs }) => [name, latencyMs.emittedToAcknowledged]),
    );
  }

  #gateway(stats: () => GatewayStats): void {
    this.#gauge('gateway_clients', 'Open WebSockets.', [], (put) => put(stats().clients));
    this.#counter('gateway_messages_total', 'WebSocket messages sent.', [], (put) => put(stats().messages_sent));
    this.#counter('gateway_bytes_total', 'Their payload.', [], (put) => put(stats().bytes_sent));
    this.#counter('gateway_missed_total', 'What slow clients did not get.', [], (put) => put(stats().missed_trades));
    this.#counter('gateway_closed_slow_total', 'Clients closed for not reading.', [], (put) =>
      put(stats().closed_slow),
    );
  }

  #gauge(name: string, help: string, labels: readonly string[], read: (put: Put) => void): void {
    new Gauge({
      name: `market_feed_${name}`,
      help,
      labelNames: [...labels],
      registers: [this.#registry],
      collect() {
        this.reset();
        read((value, of = {}) => {
          if (value !== null) this.set({ ...of }, value);
        });
      },
    });
  }

  #counter(name: string, help: string, labels: readonly string[], read: (put: Put) => void): void {
    new Counter({
      name: `market_feed_${name}`,
      help,
      labelNames: [...labels],
      registers: [this.#registry],
      collect() {
        this.reset();
        read((value, of = {}) => {
          if (value !== null) this.inc({ ...of }, value);
        });
      },
    });
  }

  /** Quantiles since the start. */
  #latency(
    name: string,
    help: string,
    label: string,
    read: () => readonly (readonly [string, LatencyFigures | null])[],
  ): void {
    this.#gauge(name, help, [label, 'quantile'], (put) => {
      for (const [of, figures] of read()) {
        if (figures === null) continue;
        const { p50, p99, p999, max } = figures;
        for (const [quantile, value] of Object.entries({ '0.5': p50, '0.99': p99, '0.999': p999, '1': max }))
          put(value / 1000, { [label]: of, quantile });
      }
    });
  }
}

type Snapshot = NonNullable<GatewayView['snapshot']>;
type VenueFigures = Snapshot['venues'][number];
type CoinFigures = Snapshot['coins'][number];
type SinkFigures = Snapshot['sinks'][number];

const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);
