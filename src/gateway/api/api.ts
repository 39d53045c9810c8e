import { type Static, type TObject, type TProperties, type TSchema, type TUnsafe, Type } from 'typebox';
import type { CandleAgreement, LatencyFigures, Quality } from '../../domain/feed-snapshot.ts';
import { KLINE_INTERVALS } from '../../domain/instrument.ts';
import type { BookFigures } from '../../market/book/book-figures.ts';
import type { DepthBand } from '../../market/book/depth-distribution.ts';
import type { PriceImpact } from '../../market/book/price-impact.ts';
import type { TradeFigures } from '../../market/trades/trade-figures.ts';
import type { VolumeProfile } from '../../market/trades/volume-profile.ts';
import type { Json } from './json-names.ts';
import { DecimalText, type RecordJson, recordSchema } from './record-schema.ts';

/** What the gateway answers, as schemas and types: the one place that REST, WebSocket, OpenAPI and dashboard share. */

export type TradeJson = RecordJson<'trade'>;
export type PriceJson = RecordJson<'price'>;
export type KlineJson = RecordJson<'kline'>;
export type OrderBookJson = RecordJson<'order_book'>;
export type TradeStatsJson = RecordJson<'trade_stats'>;
export type LargeTradeJson = RecordJson<'large_trade'>;
export type StatusJson = RecordJson<'status'>;
export type GapJson = RecordJson<'gap'>;
export type LatencyJson = Json<LatencyFigures>;

const nullable = <T extends TSchema>(schema: T): TUnsafe<Static<T> | null> =>
  Type.Unsafe<Static<T> | null>(Type.Union([schema, Type.Null()]));
const list = <T extends TSchema>(items: T): TUnsafe<readonly Static<T>[]> =>
  Type.Unsafe<readonly Static<T>[]>(Type.Array(items));
const object = <T extends TProperties>(properties: T): TObject<T> =>
  Type.Object(properties, { additionalProperties: false });
const text = (description: string) => Type.String({ description });
const ms = (description: string) => Type.Number({ description: `${description}, milliseconds` });
const count = (description: string) => Type.Integer({ minimum: 0, description });

/** The fields of an object schema, to put into another; which schemas are objects is lost in the type of a record's. */
const fieldsOf = (schema: TSchema): TProperties => (schema as unknown as TObject).properties;

const EnvironmentName = Type.Union(
  (['production', 'testnet', 'simulated', 'replay'] as const).map((name) => Type.Literal(name)),
);
type EnvironmentName = 'production' | 'testnet' | 'simulated' | 'replay';
const Environment = Type.Unsafe<EnvironmentName>(EnvironmentName);

export const ErrorAnswer = object({
  error: text('What went wrong, for programs'),
  message: text('The same for people'),
  details: Type.Unsafe<Readonly<Record<string, unknown>>>(Type.Record(Type.String(), Type.Unknown())),
});
export type ErrorAnswer = Static<typeof ErrorAnswer>;

/** Which of a symbol's series an answer is about: prices of two venues, or of two epochs, are never mixed. */
const seriesFields = {
  symbol: text('Canonical symbol, e.g. BTCUSDT'),
  coin: text('Base asset, e.g. BTC'),
  venue: text('Where the figures come from'),
  environment: Environment,
  epoch: Type.Integer({
    description: "The venue's turn at serving the symbol; 0 in mode all. Histories begin with it.",
  }),
};
export const Series = object(seriesFields);
export type Series = Static<typeof Series>;

const freshness = {
  age_ms: ms('Since it was received'),
  stale: Type.Boolean({ description: 'True: it must not be taken for the present market' }),
};

export const Price = Type.Unsafe<PriceJson & { readonly age_ms: number; readonly stale: boolean }>(
  object({ ...fieldsOf(recordSchema('price')), ...freshness }),
);
export type Price = Static<typeof Price>;

export const Prices = object({ at: ms('When the answer was made, since 1970'), prices: list(Price) });
export type Prices = Static<typeof Prices>;

export const Latency = Type.Unsafe<LatencyJson>(
  object({
    count: count('Observations'),
    p50: Type.Number({ description: 'Milliseconds' }),
    p99: Type.Number({ description: 'Milliseconds' }),
    p999: Type.Number({ description: 'Milliseconds' }),
    max: Type.Number({ description: 'Milliseconds' }),
  }),
);

export const Venue = object({
  venue: text('bybit, binance, binance_us or binance_testnet'),
  state: text('connecting, connected, stale, quiet, disconnected, region_blocked, rate_limited, probing or idle'),
  environment: nullable(Environment),
  active: Type.Boolean(),
  age_ms: nullable(ms('Since its last data; null: none yet')),
  lines_up: nullable(count('Open connections')),
  lines: nullable(count('Connections that carry the same subscriptions')),
  frames: nullable(count('Frames received')),
  reconnects: nullable(count('Connections lost or not made')),
  reason: text('Why it is in this state, where that needs words'),
  latency_ms: nullable(object({ venue_to_socket: nullable(Latency), socket_to_emitted: nullable(Latency) })),
  clock_offset_ms: nullable(Type.Number({ description: "The venue's clock minus ours" })),
});
export type Venue = Static<typeof Venue>;

export const Coin = object({
  coin: text('Base asset, e.g. BTC'),
  symbol: text('Canonical symbol, e.g. BTCUSDT'),
  venue: nullable(text('The venue that serves it; null: nothing came yet')),
  environment: nullable(Environment),
  epoch: Type.Integer(),
  price: nullable(DecimalText),
  change_24h: nullable(DecimalText),
  volume_24h: nullable(DecimalText),
  quote_volume_24h: nullable(DecimalText),
  trades_per_second: Type.Number({ description: 'Over the last few seconds' }),
  age_ms: nullable(ms('Since its last event')),
  stale: Type.Boolean(),
  flow: nullable(text('strong_buy, buy, neutral, sell or strong_sell')),
  buy_ratio: nullable(Type.Number({ description: 'Bought share of the volume that flow is judged by' })),
  sparkline: list(DecimalText),
  book_stale: nullable(Type.Boolean({ description: 'Null: no book is known' })),
});
export type Coin = Static<typeof Coin>;

export const Sink = object({
  name: text('kafka or file'),
  state: text('opening, up or down'),
  reason: text('Why, where that needs words'),
  queued: nullable(count('Records that wait or are under way')),
  lag_ms: nullable(ms('Age of the oldest record that is not acknowledged; null: all are')),
  delivered: nullable(count('Records acknowledged')),
  dropped: nullable(count('Records dropped for want of room')),
  latency_ms: nullable(object({ emitted_to_acknowledged: nullable(Latency) })),
});
export type Sink = Static<typeof Sink>;

export const GatewayStats = object({
  clients: count('Open WebSockets'),
  max_clients: count('More are refused'),
  messages_sent: count('WebSocket messages'),
  bytes_sent: count('Their payload'),
  missed_trades: count('Trades that slow clients did not get, and were told of'),
  closed_slow: count('Clients closed for not reading'),
});
export type GatewayStats = Static<typeof GatewayStats>;

export const Status = object({
  at: ms('When the answer was made, since 1970'),
  environment: nullable(Environment),
  source: Type.Unsafe<'pipeline' | 'topics'>(Type.Union([Type.Literal('pipeline'), Type.Literal('topics')])),
  instance: nullable(text('The process that speaks of the feed')),
  active_venue: nullable(Type.String()),
  trading: object({
    state: Type.Unsafe<'allowed' | 'halted'>(Type.Union([Type.Literal('allowed'), Type.Literal('halted')])),
    reason: Type.String(),
  }),
  halted: list(Type.String()),
  silent_ms: nullable(ms("Since the feed's last heartbeat, due each second; null: none yet")),
  venues: list(Venue),
  coins: list(Coin),
  sinks: list(Sink),
  counts: Type.Unsafe<Readonly<Record<string, number>>>(Type.Record(Type.String(), Type.Number())),
  gateway: GatewayStats,
});
export type Status = Static<typeof Status>;

export const Gaps = object({ gaps: list(recordSchema('gap')) });
export type Gaps = Static<typeof Gaps>;

export const Events = object({ events: list(recordSchema('status')) });
export type Events = Static<typeof Events>;

const counts = Type.Unsafe<Readonly<Record<string, number>>>(Type.Record(Type.String(), Type.Number()));

export const QualityAnswer = object({
  quality: list(
    Type.Unsafe<Json<Quality>>(
      object({
        venue: Type.String(),
        symbol: nullable(text('Null: frames that tell no symbol')),
        total: count('Messages'),
        valid: count('Messages that could be used'),
        invalid: count('Messages that could not'),
        last_update_at: nullable(Type.Integer({ description: 'Last valid message, microseconds since 1970' })),
        average_spread_pct: nullable(Type.Number({ description: 'Mean spread of the book tickers, percent of mid' })),
        inverted_spreads: count('Book tickers whose bid is not below the ask'),
        messages_per_second: Type.Number(),
        warnings: list(Type.String()),
      }),
    ),
  ),
  klines: list(
    Type.Unsafe<Json<CandleAgreement>>(
      object({
        venue: Type.String(),
        symbol: Type.String(),
        interval: Type.String(),
        compared: count("Closed candles of the venue that were compared with the trades'"),
        equal: count('Of these'),
        fields: counts,
        causes: counts,
      }),
    ),
  ),
});
export type QualityAnswer = Static<typeof QualityAnswer>;

const Level = object({ price: DecimalText, quantity: DecimalText });

const topFields = {
  spread: nullable(DecimalText),
  spread_pct: nullable(Type.Number({ description: 'Percent of mid' })),
  mid: nullable(DecimalText),
  microprice: nullable(DecimalText),
  imbalance: nullable(Type.Number({ description: '(bids − asks) / both, by volume: −1 to 1' })),
};
type Top = Pick<Json<BookFigures>, 'spread' | 'spread_pct' | 'mid' | 'microprice' | 'imbalance'>;

/** `levels` cuts both sides; the figures are of what is left. */
export const Book = Type.Unsafe<OrderBookJson & Top & { readonly age_ms: number; readonly stale: boolean }>(
  object({ ...fieldsOf(recordSchema('order_book')), ...freshness, ...topFields }),
);
export type Book = Static<typeof Book>;

/** When the book that figures are made of was received, and whether it is in step with the venue. */
const bookState = {
  ...seriesFields,
  update_id: Type.String(),
  received_at: Type.Integer({ description: 'Microseconds since 1970' }),
  ...freshness,
};

const BookSummary = Type.Unsafe<Json<BookFigures>>(
  object({
    best_bid: nullable(Level),
    best_ask: nullable(Level),
    ...topFields,
    bid_volume: DecimalText,
    ask_volume: DecimalText,
  }),
);

export const DepthSummary = object({
  ...bookState,
  bid_levels: count('Levels that the figures are of'),
  ask_levels: count('Levels that the figures are of'),
  figures: BookSummary,
  liquidity_score: nullable(Type.Number({ minimum: 0, maximum: 100 })),
});
export type DepthSummary = Static<typeof DepthSummary>;

const Depth = object({ volume: DecimalText, value: DecimalText, levels: count('Levels') });

export const DepthDistribution = object({
  ...bookState,
  mid: nullable(DecimalText),
  bands: nullable(
    list(
      Type.Unsafe<Json<DepthBand>>(
        object({
          above: DecimalText,
          up_to: DecimalText,
          bids: Depth,
          asks: Depth,
          cumulative_bids: Depth,
          cumulative_asks: Depth,
        }),
      ),
    ),
  ),
});
export type DepthDistribution = Static<typeof DepthDistribution>;

export const PriceImpacts = object({
  ...bookState,
  mid: nullable(DecimalText),
  impacts: list(
    Type.Unsafe<Json<PriceImpact>>(
      object({
        side: Type.Union([Type.Literal('buy'), Type.Literal('sell')]),
        requested: DecimalText,
        average_price: nullable(DecimalText),
        worst_price: nullable(DecimalText),
        slippage_bps: nullable(Type.Number()),
        filled_quantity: DecimalText,
        filled_value: DecimalText,
        complete: Type.Boolean({ description: 'The book holds all that was asked for' }),
      }),
    ),
  ),
});
export type PriceImpacts = Static<typeof PriceImpacts>;

export const Trades = object({
  ...seriesFields,
  trades: list(recordSchema('trade')),
  block_trades: count('Block trades of this epoch so far'),
});
export type Trades = Static<typeof Trades>;

export const TradeStatsAnswer = object({
  ...seriesFields,
  window_ms: Type.Integer(),
  latest: recordSchema('trade_stats'),
  windows: list(recordSchema('trade_stats')),
});
export type TradeStatsAnswer = Static<typeof TradeStatsAnswer>;

const Figures = Type.Unsafe<Json<TradeFigures>>(
  object({
    trades: count('Block trades are not in it'),
    buy_trades: count('The taker bought'),
    sell_trades: count('The taker sold'),
    volume: DecimalText,
    buy_volume: DecimalText,
    sell_volume: DecimalText,
    value: DecimalText,
    buy_value: DecimalText,
    sell_value: DecimalText,
    vwap: DecimalText,
    open: DecimalText,
    high: DecimalText,
    low: DecimalText,
    close: DecimalText,
    average_quantity: DecimalText,
    buy_ratio_volume: Type.Number(),
    buy_ratio_count: Type.Number(),
    flow: Type.String(),
  }),
);

export const TradeFlowAnswer = object({
  ...seriesFields,
  window: Type.Integer({ description: 'Trades asked for; figures.trades says how many there were' }),
  figures: Figures,
});
export type TradeFlowAnswer = Static<typeof TradeFlowAnswer>;

export const LargeTradesAnswer = object({
  ...seriesFields,
  threshold: Type.Number({ description: 'Multiple of the mean quantity of the preceding trades' }),
  large_trades: list(recordSchema('large_trade')),
});
export type LargeTradesAnswer = Static<typeof LargeTradesAnswer>;

const Bin = object({
  low: DecimalText,
  high: DecimalText,
  volume: DecimalText,
  buy_volume: DecimalText,
  sell_volume: DecimalText,
  trades: Type.Integer(),
});

export const VolumeProfileAnswer = object({
  ...seriesFields,
  profile: Type.Unsafe<Json<VolumeProfile>>(
    object({
      bins: Type.Array(Bin),
      volume: DecimalText,
      trades: Type.Integer(),
      point_of_control: Bin,
      value_area: object({ low: DecimalText, high: DecimalText, volume: DecimalText, share: Type.Number() }),
    }),
  ),
});
export type VolumeProfileAnswer = Static<typeof VolumeProfileAnswer>;

export const Interval = Type.Unsafe<(typeof KLINE_INTERVALS)[number]>(Type.Enum([...KLINE_INTERVALS]));

export const Klines = object({
  ...seriesFields,
  interval: Interval,
  klines: list(recordSchema('kline')),
});
export type Klines = Static<typeof Klines>;

export const Asset = Type.Unsafe<Coin & { readonly book: Omit<DepthSummary, keyof Series> | null }>(
  object({ ...Coin.properties, book: nullable(Type.Omit(DepthSummary, Object.keys(seriesFields))) }),
);
export type Asset = Static<typeof Asset>;

export const Health = object({ status: Type.Literal('ok') });
export const Readiness = object({ ready: Type.Boolean(), reasons: list(Type.String()) });
export type Readiness = Static<typeof Readiness>;

// WebSocket

export const CHANNELS = [
  'prices',
  'trades',
  'status',
  'overview',
  'orderbook',
  'klines',
  'stats',
  'large_trades',
] as const;
export type Channel = (typeof CHANNELS)[number];

export const Subscription = object({
  op: Type.Unsafe<'subscribe' | 'unsubscribe'>(Type.Enum(['subscribe', 'unsubscribe'])),
  channel: Type.Unsafe<Channel>(Type.Enum([...CHANNELS])),
  /** Symbols or coins, any case; `*`: all. Not needed where the channel has none (status, overview). */
  symbols: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 40 }), { minItems: 1, maxItems: 1000 })),
});
export type Subscription = Static<typeof Subscription>;

/** What was dropped since the last `missed` of the channel and symbol. */
export interface Missed {
  readonly channel: Channel;
  /** Left out where the channel is about the whole feed. */
  readonly symbol?: string;
  readonly count: number;
}

/** What comes over a WebSocket; `data` of what can come in numbers is an object or an array of them, oldest first. */
export type ServerMessage =
  | { readonly type: 'price'; readonly data: PriceJson | readonly PriceJson[] }
  | { readonly type: 'trade'; readonly data: TradeJson | readonly TradeJson[] }
  | { readonly type: 'status'; readonly data: StatusJson | readonly StatusJson[] }
  | { readonly type: 'overview'; readonly data: Status }
  | { readonly type: 'orderbook'; readonly data: Book | readonly Book[] }
  | { readonly type: 'kline'; readonly data: KlineJson | readonly KlineJson[] }
  | { readonly type: 'stats'; readonly data: TradeStatsJson | readonly TradeStatsJson[] }
  | { readonly type: 'large_trade'; readonly data: LargeTradeJson | readonly LargeTradeJson[] }
  | { readonly type: 'missed'; readonly data: Missed }
  | { readonly type: 'error'; readonly data: ErrorAnswer };
