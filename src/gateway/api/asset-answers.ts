import { type Static, Type } from 'typebox';
import type { Json } from '../../codec/key-case.ts';
import { KLINE_INTERVALS } from '../../domain/instrument.ts';
import type { BookFigures } from '../../market/book/book-figures.ts';
import type { TradeFigures } from '../../market/trades/trade-figures.ts';
import { CoinAnswer } from './feed-answers.ts';
import { freshness, list, ms, nullable, object, oneOf, seriesFields, text, wholeNumber } from './fields.ts';
import { DecimalText, type OrderBookJson, recordFields, recordSchema } from './record-schema.ts';

/** Answers about one symbol, as schemas and types. */

const Level = object({ price: DecimalText, quantity: DecimalText });

const topFields = {
  spread: nullable(DecimalText),
  spread_pct: nullable(Type.Number({ description: 'Percent of mid' })),
  mid: nullable(DecimalText),
  microprice: nullable(DecimalText),
  imbalance: nullable(Type.Number({ description: '(bids − asks) / both, by volume: −1 to 1' })),
};
const coverage = {
  levels_known: wholeNumber('Number of levels that are known without a gap, of the side that has fewer'),
  price_range: Type.Object(
    { low: nullable(DecimalText), high: nullable(DecimalText) },
    { additionalProperties: false, description: 'Prices of the worst known bid and ask. Null: no known level' },
  ),
};
type Top = Pick<Json<BookFigures>, 'spread' | 'spread_pct' | 'mid' | 'microprice' | 'imbalance'>;

const bookFreshness = object({ ...freshness, ...coverage });

/** An order book. The figures are computed from the levels in the answer. */
export const Book = Type.Unsafe<OrderBookJson & Top & Static<typeof bookFreshness>>(
  object({ ...recordFields('order_book'), ...bookFreshness.properties, ...topFields }),
);
export type Book = Static<typeof Book>;

/** Says from which state of the book the figures are computed. */
const bookState = {
  update_id: Type.String(),
  received_at: Type.Integer({ description: 'Microseconds since 1970' }),
  ...bookFreshness.properties,
};

const BookSummary = object({
  best_bid: nullable(Level),
  best_ask: nullable(Level),
  ...topFields,
  bid_volume: DecimalText,
  ask_volume: DecimalText,
});

const depthSummary = {
  ...bookState,
  bid_levels: wholeNumber('Bid levels that the figures are computed from'),
  ask_levels: wholeNumber('Ask levels that the figures are computed from'),
  figures: BookSummary,
  liquidity_score: nullable(Type.Number({ minimum: 0, maximum: 100 })),
};
export const DepthSummary = object({ ...seriesFields, ...depthSummary });

const Depth = object({ volume: DecimalText, value: DecimalText, levels: wholeNumber('Levels') });

const band = { above: DecimalText, up_to: DecimalText };
const KnownDepth = Type.Unsafe<Static<typeof Depth> | null>(
  Type.Union([Depth, Type.Null()], { description: 'Null if price_range does not cover this side up to up_to' }),
);

export const DepthDistribution = object({
  ...seriesFields,
  ...bookState,
  mid: nullable(DecimalText),
  bands: nullable(
    list(
      object({
        ...band,
        bids: KnownDepth,
        asks: KnownDepth,
        cumulative_bids: KnownDepth,
        cumulative_asks: KnownDepth,
      }),
    ),
  ),
});

export const PriceImpacts = object({
  ...seriesFields,
  ...bookState,
  mid: nullable(DecimalText),
  impacts: list(
    object({
      side: oneOf('buy', 'sell'),
      requested: DecimalText,
      average_price: nullable(DecimalText),
      worst_price: nullable(DecimalText),
      slippage_bps: nullable(Type.Number()),
      filled_quantity: DecimalText,
      filled_value: DecimalText,
      complete: Type.Boolean({ description: 'True if the known levels have the whole requested quantity' }),
    }),
  ),
});

export const Trades = object({
  ...seriesFields,
  trades: list(recordSchema('trade')),
  block_trades: wholeNumber('Block trades of this epoch so far'),
});
export type Trades = Static<typeof Trades>;

export const TradeStatsAnswer = object({
  ...seriesFields,
  window_ms: Type.Integer(),
  latest: recordSchema('trade_stats'),
  windows: list(recordSchema('trade_stats')),
});
export type TradeStatsAnswer = Static<typeof TradeStatsAnswer>;

const NOT_FIGURES =
  /^(?:venue|symbol|venue_symbol|coin|environment|epoch|received_at|window_.*|volatility|complete|revision)$/;

/** The figures of several trades, without block trades: the fields of `trade_stats` that do not describe its window. */
const Figures = Type.Unsafe<Json<TradeFigures>>(
  object(Object.fromEntries(Object.entries(recordFields('trade_stats')).filter(([name]) => !NOT_FIGURES.test(name)))),
);

export const TradeFlowAnswer = object({
  ...seriesFields,
  window: Type.Integer({ description: 'Requested number of trades; figures.trades is the actual number' }),
  figures: Figures,
});

export const LargeTradesAnswer = object({
  ...seriesFields,
  threshold: Type.Number({ description: 'Multiple of the mean quantity of the preceding trades' }),
  large_trades: list(recordSchema('large_trade')),
});
export type LargeTradesAnswer = Static<typeof LargeTradesAnswer>;

const area = { low: DecimalText, high: DecimalText, volume: DecimalText };
const Bin = object({ ...area, buy_volume: DecimalText, sell_volume: DecimalText, trades: Type.Integer() });

export const VolumeProfileAnswer = object({
  ...seriesFields,
  profile: object({
    bins: list(Bin),
    volume: DecimalText,
    trades: Type.Integer(),
    point_of_control: Bin,
    value_area: object({ ...area, share: Type.Number() }),
  }),
});
export type VolumeProfileAnswer = Static<typeof VolumeProfileAnswer>;

export const Interval = Type.Unsafe<(typeof KLINE_INTERVALS)[number]>(Type.Enum([...KLINE_INTERVALS]));

export const Klines = object({ ...seriesFields, interval: Interval, klines: list(recordSchema('kline')) });
export type Klines = Static<typeof Klines>;

export const AuditsAnswer = object({
  ...seriesFields,
  latest: nullable(ms('Start of the latest audited minute of any symbol, since 1970; null: no audit yet')),
  minutes: list(
    object({
      minute: ms('Start of the minute, since 1970'),
      verdict: oneOf('proven', 'agrees', 'healed', 'unchecked', 'gap', 'unexplained'),
      trades: wholeNumber('Published trades of the minute'),
      backfilled: wholeNumber('Trades of these with source backfill'),
      reason: text('Why the verdict is not proven or agrees, for people; may be empty'),
    }),
  ),
});
export type AuditsAnswer = Static<typeof AuditsAnswer>;

/** A symbol's price at one venue. */
const VenuePriceAnswer = object({
  venue: Type.String(),
  price: nullable(DecimalText),
  age_ms: nullable(ms('Time since the feed received the price')),
  difference_bps: nullable(
    Type.Number({ description: 'Price minus the price at the venue that serves the symbol, in basis points of that' }),
  ),
});

export const Asset = object({
  ...CoinAnswer.properties,
  book: nullable(object(depthSummary)),
  venue_prices: Type.Unsafe<readonly Static<typeof VenuePriceAnswer>[] | null>(
    Type.Union([Type.Array(VenuePriceAnswer), Type.Null()], {
      description:
        'The newer of the last trade and the mid of the best prices at each venue, standbys included. Null: unknown',
    }),
  ),
});
export type Asset = Static<typeof Asset>;
