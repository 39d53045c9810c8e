export type { Decimal } from './domain/decimal.ts';
export { Fault, type FaultKind, type Retry } from './domain/fault.ts';
export { CHANNELS, type Channel, VENUE_IDS, type VenueId } from './domain/instrument.ts';
export type { RawFrame } from './domain/line.ts';
export type {
  AggTrade,
  BookTicker,
  Environment,
  FeedRecord,
  FeedStatus,
  Gap,
  Kline,
  PriceTick,
  TradeEvent,
} from './domain/record.ts';
export type { FeedState, StaleCause } from './domain/status.ts';
export type { Config } from './pipeline/config.ts';
export { type ConfigSource, loadConfig } from './pipeline/load-config.ts';
export { MarketFeed, type MarketFeedOptions, type VenueFrame, type VenueStatus } from './pipeline/market-feed.ts';
