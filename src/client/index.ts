/** `market-feed/client`: the topics of a feed as typed Observables, and whether their data may be traded on. */

export type { TopicRecords } from '../codec/topics.ts';
export { Fault, type FaultKind, type Retry } from '../domain/fault.ts';
export type { BestPrice, BestPrices } from '../market/book/best-prices.ts';
export type { HaltCause } from '../tradability/halt.ts';
export type { Beginning, ClientDeps, ClientOptions, TopicBeginnings } from './client-options.ts';
export { connectTopics } from './connect-topics.ts';
export { type CoinOrAll, DEFAULT_GUARD, type GuardOptions, type TradingDecision } from './guard/trading-decision.ts';
export type { TradingWatch } from './guard/watch-trading.ts';
export type { ClientLag, Market, ReadOptions } from './market.ts';
export type { TradesWithLateOptions } from './past-trades.ts';
export type { Reading } from './reader/reading.ts';
export type { TopicLag } from './reader/topic-lag.ts';
export type { Overflow } from './reader/waiting-records.ts';
export { type ClientWarning, warningText } from './source/source.ts';
export type { RecordPosition } from './start-offsets.ts';
export type { TopicName } from './topic-name.ts';
