/** `market-feed/client`: the topics of a feed as typed Observables, and whether what they say may be traded on. */
export type { Beginning, ClientOptions } from './client-options.ts';
export { connectTopics } from './connect-topics.ts';
export type { ClientLag, Market, ReadOptions } from './market.ts';
export type { Overflow } from './overflow.ts';
export type { Reading } from './reading.ts';
export { type ClientWarning, warningText } from './source.ts';
export type { TopicLag } from './topic-lag.ts';
export type { TopicName, TopicRecords } from './topic-name.ts';
export { DEFAULT_GUARD, type GuardOptions, type HaltCause, type TradingDecision } from './trading-decision.ts';
export type { TradingWatch } from './watch-trading.ts';
