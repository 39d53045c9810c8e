/** `market-feed/market`: what order books and trades mean, as pure functions and classes; exact, incremental, without rxjs or a clock. */
export { isBlockTrade } from './block-trade.ts';
export { type BookFigures, bookFigures, imbalance, type TopFigures, topFigures } from './book-figures.ts';
export type { BothSides } from './both-sides.ts';
export type { Candle, CandleTrade } from './candle.ts';
export { CandleBuilder, type CandleBuilderOptions, type LeftOut } from './candle-builder.ts';
export {
  type CandleCause,
  CandleCheck,
  type CandleCounts,
  type CandleDifference,
  type CandleField,
} from './candle-check.ts';
export { CandleLadder, type CandleLadderOptions } from './candle-ladder.ts';
export { DEPTH_BOUNDS, type Depth, type DepthBand, depthDistribution } from './depth-distribution.ts';
export { nextOpenTime, openTimeOf } from './kline-interval.ts';
export { type LargeTradeFigures, LargeTrades, type LargeTradesOptions } from './large-trades.ts';
export { liquidityScore } from './liquidity-score.ts';
export { OrderBook } from './order-book.ts';
export { type OrderSide, type PriceImpact, quantityImpacts, valueImpacts } from './price-impact.ts';
export type { MeasuredTrade, TradeFigures } from './trade-figures.ts';
export { flowOf, type TradeFlow } from './trade-flow.ts';
export { type HistoricTrade, TradeHistory } from './trade-history.ts';
export { TradeSums } from './trade-sums.ts';
export { Volatility } from './volatility.ts';
export { type ProfileBin, type ValueArea, type VolumeProfile, volumeProfile } from './volume-profile.ts';
