export type { GuardOptions, HaltCause, TradingDecision } from './client/trading-decision.ts';
export type { Decimal } from './domain/decimal.ts';
export { Fault, type FaultKind, type Retry } from './domain/fault.ts';
export { CHANNELS, type Channel, VENUE_IDS, type VenueId } from './domain/instrument.ts';
export type { RawFrame } from './domain/line.ts';
export type {
  AggTrade,
  BookDelta,
  BookLevel,
  BookTicker,
  DeadLetter,
  Environment,
  FeedRecord,
  FeedStatus,
  Gap,
  Kline,
  LargeTrade,
  OrderBookSnapshot,
  Position,
  PriceTick,
  TradeEvent,
  TradeStats,
} from './domain/record.ts';
export type { FeedState, StaleCause } from './domain/status.ts';
export type { Config } from './pipeline/config.ts';
export { type ConfigSource, loadConfig } from './pipeline/load-config.ts';
export { MarketFeed, type MarketFeedOptions, type VenueFrame, type VenueStatus } from './pipeline/market-feed.ts';
