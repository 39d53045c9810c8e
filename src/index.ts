export type { GuardOptions, TradingDecision } from './client/guard/trading-decision.ts';
export type { Config } from './config/config.ts';
export { type ConfigSource, loadConfig } from './config/load-config.ts';
export { ConfigError, type Problem } from './config/problem.ts';
export type { Decimal } from './domain/decimal.ts';
export { Fault, type FaultKind, type Retry } from './domain/fault.ts';
export { CHANNELS, type Channel, VENUE_IDS, type VenueId } from './domain/instrument.ts';
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
  InstrumentRecord,
  Kline,
  LargeTrade,
  OrderBookSnapshot,
  Position,
  PriceTick,
  TradeEvent,
  TradeStats,
} from './domain/record.ts';
export type { RawFrame } from './domain/venue-event.ts';
export type { FeedState, StaleCause } from './domain/venue-state.ts';
export { type ConnectOptions, MarketFeed, type VenueFrame, type VenueStatus } from './runtime/market-feed.ts';
export type { MarketFeedOptions } from './runtime/market-feed-options.ts';
export type { HaltCause } from './tradability/halt.ts';
