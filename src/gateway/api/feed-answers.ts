import { type Static, Type } from 'typebox';
import { EnvironmentName, freshness, list, ms, nullable, object, oneOf, text, wholeNumber } from './fields.ts';
import { DecimalText, type GapJson, type PriceJson, recordFields, recordSchema } from './record-schema.ts';

/** Answers about the whole feed, as schemas and types: REST, WebSocket, OpenAPI and dashboard share them. */

const counts = Type.Unsafe<Readonly<Record<string, number>>>(Type.Record(Type.String(), Type.Number()));

const Price = Type.Unsafe<PriceJson & { readonly age_ms: number; readonly stale: boolean }>(
  object({ ...recordFields('price'), ...freshness }),
);

export const PricesAnswer = object({ at: ms('When the answer was made, since 1970'), prices: list(Price) });

const BestPrice = nullable(
  object({
    venue: text('The venue with this price'),
    price: DecimalText,
    quantity: DecimalText,
    received_at: Type.Integer({ description: 'When the feed received it, microseconds since 1970' }),
    timestamp: nullable(ms("The venue's time, since 1970; null: the venue sends none")),
  }),
);

export const BestAnswer = object({
  at: ms('When the answer was made, since 1970'),
  best: list(
    object({
      coin: text('Base asset, e.g. BTC'),
      symbol: text('Canonical symbol, e.g. BTCUSDT'),
      environment: EnvironmentName,
      bid: BestPrice,
      ask: BestPrice,
    }),
  ),
});

const milliseconds = Type.Number({ description: 'Milliseconds' });
export const Latency = object({
  count: wholeNumber('Observations'),
  p50: milliseconds,
  p99: milliseconds,
  p999: milliseconds,
  max: milliseconds,
});
export type Latency = Static<typeof Latency>;

export const VenueAnswer = object({
  venue: text('bybit, binance, binance_us or binance_testnet'),
  state: text('connecting, connected, stale, quiet, disconnected, region_blocked, rate_limited, probing or idle'),
  environment: nullable(EnvironmentName),
  active: Type.Boolean(),
  age_ms: nullable(ms('Time since its last data; null: no data yet')),
  lines_up: nullable(wholeNumber('Open connections')),
  lines: nullable(wholeNumber('Connections that carry the same subscriptions')),
  frames: nullable(wholeNumber('Frames received')),
  reconnects: nullable(wholeNumber('Connections lost or not made')),
  reason: text('Why it is in this state; may be empty'),
  event_lag_ms: nullable(
    Type.Number({
      description: 'Least time from event to receipt in the last second with data, corrected by the clock offset',
    }),
  ),
  latency_ms: nullable(object({ venue_to_socket: nullable(Latency), socket_to_emitted: nullable(Latency) })),
  clock_offset_ms: nullable(Type.Number({ description: "The venue's clock minus ours" })),
});
export type VenueAnswer = Static<typeof VenueAnswer>;

export const CoinAnswer = object({
  coin: text('Base asset, e.g. BTC'),
  symbol: text('Canonical symbol, e.g. BTCUSDT'),
  tier: nullable(wholeNumber('Importance in the configured list of coins, 1 is the highest; null: not in such a list')),
  venue: nullable(text('The venue that serves the symbol; null: no record yet')),
  environment: nullable(EnvironmentName),
  epoch: Type.Integer(),
  price: nullable(DecimalText),
  change_24h: nullable(DecimalText),
  volume_24h: nullable(DecimalText),
  quote_volume_24h: nullable(DecimalText),
  trades_per_second: Type.Number({ description: 'Over the last few seconds' }),
  age_ms: nullable(ms('Time since its last event')),
  stale: Type.Boolean(),
  halt_reason: nullable(text('Why the feed has halted this symbol alone; null: it has not')),
  flow: nullable(text('strong_buy, buy, neutral, sell or strong_sell')),
  buy_ratio: nullable(Type.Number({ description: 'Share of buys in the volume that flow is computed from, 0 to 1' })),
  sparkline: list(DecimalText),
  book_stale: nullable(Type.Boolean({ description: 'Null: no book is known' })),
});
export type CoinAnswer = Static<typeof CoinAnswer>;

export const SinkAnswer = object({
  name: text('kafka, file or parquet'),
  state: text('opening, up or down'),
  reason: text('Why it is in this state; may be empty'),
  queued: nullable(wholeNumber('Records that wait or are in flight')),
  lag_ms: nullable(
    ms('Age of the oldest record that is not acknowledged; null: all are acknowledged, or unknown like `queued`'),
  ),
  delivered: nullable(wholeNumber('Records acknowledged')),
  dropped: nullable(wholeNumber('Records dropped because the queue was full')),
  latency_ms: nullable(object({ emitted_to_acknowledged: nullable(Latency) })),
});
export type SinkAnswer = Static<typeof SinkAnswer>;

export const GatewayStats = object({
  clients: wholeNumber('Open WebSockets'),
  max_clients: wholeNumber('Maximum number of WebSockets; more are refused'),
  messages_sent: wholeNumber('WebSocket messages'),
  bytes_sent: wholeNumber('Payload of the WebSocket messages'),
  missed_trades: wholeNumber('Trades that slow clients missed'),
  closed_slow: wholeNumber('Clients disconnected because they did not read'),
});
export type GatewayStats = Static<typeof GatewayStats>;

/** The one sentence about the feed, and its parts. Dashboard, terminal and `/readyz` show the same. */
export const HeadlineAnswer = object({
  text: text('The whole sentence, for people'),
  announcement: text('The sentence without ages and counts: it changes only when something happens'),
  trading: object({
    state: oneOf('allowed', 'halted', 'unknown'),
    reason: text('Empty if trading is allowed'),
    text: text('State and reason'),
  }),
  serving: object({
    venue: nullable(text('The active venue, which may be down; null: none, or not one for all symbols')),
    since: nullable(ms('When it began to serve, since 1970')),
    instead_of: nullable(text('The venue that it replaces')),
    why: text('Why that venue does not serve; may be empty'),
    names: list(text('A venue that serves now; none unless trading is allowed')),
    text: text('The same in words'),
  }),
  event_lag_ms: nullable(ms('Greatest event lag of the venues that serve; null: unknown, or none serves')),
  lag_text: text('The same in words; empty if null'),
  missing: list(
    object({
      type: oneOf('sink', 'dropped', 'gaps', 'dead_letters', 'halted'),
      count: wholeNumber('Above 0'),
      text: text('The same in words'),
    }),
  ),
});
export type HeadlineAnswer = Static<typeof HeadlineAnswer>;

export const Status = object({
  at: ms('When the answer was made, since 1970'),
  environment: nullable(EnvironmentName),
  source: oneOf('pipeline', 'topics'),
  instance: nullable(text('The instance of the feed with the last heartbeat')),
  active_venue: nullable(Type.String()),
  trading: object({ state: oneOf('allowed', 'halted'), reason: Type.String() }),
  halted: list(Type.String()),
  headline: HeadlineAnswer,
  silent_ms: nullable(ms("Time since the feed's last heartbeat, which is due each second; null: none yet")),
  venues: list(VenueAnswer),
  coins: list(CoinAnswer),
  sinks: list(SinkAnswer),
  shards: list(
    object({
      shard: wholeNumber('A part of the symbols'),
      role: oneOf('owner', 'starting', 'standby'),
    }),
  ),
  counts,
  gateway: GatewayStats,
});
export type Status = Static<typeof Status>;

/** How far a gap is healed. */
const Healing = object({
  state: oneOf('healing', 'left'),
  fetched: wholeNumber('Trades of the gap that are published now'),
  reason: text('Why trades stay missing, or are not fetched now; empty if they are'),
});

/** A gap, and how far it is healed: null if it is not open, or if the gateway does not know, as it only reads topics. */
const GapAnswer = Type.Unsafe<GapJson & { readonly healing: Static<typeof Healing> | null }>(
  object({ ...recordFields('gap'), healing: nullable(Healing) }),
);
export type GapAnswer = Static<typeof GapAnswer>;

export const Gaps = object({ gaps: list(GapAnswer) });
export type Gaps = Static<typeof Gaps>;

export const Instruments = object({ instruments: list(recordSchema('instrument')) });
export type Instruments = Static<typeof Instruments>;

const InstanceSpanAnswer = object({
  instance: text('The instance of the feed'),
  from: ms('Its first status record, since 1970'),
  to: ms('Its last status record before a silence of 3 s or more, since 1970'),
  started: Type.Boolean({ description: 'True: the instance started then. False: it may be older' }),
  stopped: Type.Boolean({ description: 'True: the instance was stopped at the end' }),
});
export type InstanceSpanAnswer = Static<typeof InstanceSpanAnswer>;

export const Events = object({
  events: list(recordSchema('status')),
  complete_since: nullable(ms('No event since then is missing, since 1970; null: no status record yet')),
  instance_spans: list(InstanceSpanAnswer),
});
export type Events = Static<typeof Events>;

export const QualityAnswer = object({
  quality: list(
    object({
      venue: Type.String(),
      symbol: nullable(text('Null: frames without a symbol')),
      total: wholeNumber('Messages'),
      valid: wholeNumber('Messages that could be used'),
      invalid: wholeNumber('Messages that could not be used'),
      last_update_at: nullable(Type.Integer({ description: 'Last valid message, microseconds since 1970' })),
      price: nullable(
        object({
          price: DecimalText,
          received_at: Type.Integer({ description: 'Microseconds since 1970' }),
        }),
      ),
      average_spread_pct: nullable(Type.Number({ description: 'Mean spread of the book tickers, percent of mid' })),
      event_lag_ms: nullable(
        Type.Number({
          description: 'Least time from event to receipt in the last second with data, corrected by the clock offset',
        }),
      ),
      inverted_spreads: wholeNumber('Book tickers whose bid is not below the ask'),
      messages_per_second: Type.Number(),
      warnings: list(Type.String()),
    }),
  ),
  klines: list(
    object({
      venue: Type.String(),
      symbol: Type.String(),
      interval: Type.String(),
      compared: wholeNumber("Closed candles of the venue that were compared with the trades'"),
      equal: wholeNumber('Compared candles without a difference'),
      fields: counts,
      causes: counts,
    }),
  ),
  minutes: list(
    object({
      symbol: Type.String(),
      coin: text('Base asset, e.g. BTC'),
      from: ms('Start of the first minute in verdicts, since 1970; the same for all symbols'),
      verdicts: text(
        'A letter for each of the last 120 minutes, oldest first: p proven, a agrees, h healed (trades were missing, and are published now), u unchecked, g gap, x unexplained, - no audit',
      ),
      counts: object({
        proven: wholeNumber('Minutes whose trade ids follow each other without a gap'),
        agrees: wholeNumber("Minutes whose trades are equal to the venue's candle"),
        healed: wholeNumber('Minutes whose missing trades were published later'),
        unchecked: wholeNumber('Minutes that nothing was compared with'),
        gap: wholeNumber('Minutes with a gap'),
        unexplained: wholeNumber("Minutes whose trades differ from the venue's candle, and nothing explains it"),
      }),
      missing: list(
        object({
          minute: ms('Start of the minute, since 1970'),
          venue: Type.String(),
          epoch: Type.Integer(),
          verdict: text('gap or unexplained'),
          reason: text('Why, for people'),
        }),
      ),
    }),
  ),
});

export const HealthAnswer = object({ status: Type.Literal('ok') });
export const Readiness = object({
  ready: Type.Boolean(),
  reasons: list(Type.String()),
  headline: text('As in /api/status'),
});
