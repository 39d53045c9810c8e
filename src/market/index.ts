/** `market-feed/market`: order books, trades and candles. Exact and incremental, without rxjs or a clock. */

export { type BookFigures, bookFigures, imbalance, type TopFigures, topFigures } from './book/book-figures.ts';
export type { BothSides } from './book/both-sides.ts';
export { DEPTH_BOUNDS, type Depth, type DepthBand, depthDistribution, reaches } from './book/depth-distribution.ts';
export { liquidityScore } from './book/liquidity-score.ts';
export { OrderBook } from './book/order-book.ts';
export { type OrderSide, type PriceImpact, quantityImpacts, valueImpacts } from './book/price-impact.ts';
export type { Candle, CandleTrade } from './candles/candle.ts';
export { CandleBuilder, type CandleBuilderOptions, type LeftOut } from './candles/candle-builder.ts';
export {
  type CandleCause,
  CandleCheck,
  type CandleCounts,
  type CandleDifference,
  type CandleField,
} from './candles/candle-check.ts';
export { nextOpenTime, openTimeOf } from './candles/kline-interval.ts';
export { isBlockTrade } from './trades/block-trade.ts';
export { type LargeTradeFigures, LargeTrades, type LargeTradesOptions } from './trades/large-trades.ts';
export type { MeasuredTrade, TradeFigures } from './trades/trade-figures.ts';
export { flowOf, type TradeFlow } from './trades/trade-flow.ts';
export { type HistoricTrade, TradeHistory } from './trades/trade-history.ts';
export { TradeSums } from './trades/trade-sums.ts';
export { Volatility } from './trades/volatility.ts';
export { type ProfileBin, type ValueArea, type VolumeProfile, volumeProfile } from './trades/volume-profile.ts';
