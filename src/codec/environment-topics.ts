import { getOrCreate } from '../domain/get-or-create.ts';
import type { Environment, FeedRecord, RecordKind } from '../domain/record.ts';
import { topicOf } from './topics.ts';

/** `failover`: one active venue for each symbol. `all`: every venue is a feed of its own. */
export type FeedMode = 'failover' | 'all';

const PREFIXES: Readonly<Record<Environment, string>> = {
  production: '',
  testnet: 'testnet.',
  simulated: 'simulated.',
  replay: 'replay.',
};

/** The prefix of an environment's topics; empty if test data may share the production topics. */
export function environmentPrefix(environment: Environment, allowTestData: boolean): string {
  return allowTestData ? '' : PREFIXES[environment];
}

/** The topic of a record without the configured prefix: `trades`, `testnet.trades`. */
export function topicNameOf(record: FeedRecord, allowTestData: boolean): string {
  return environmentPrefix(record.environment, allowTestData) + topicOf(record.kind).name;
}

/** Returns a function like `topicNameOf` that does not build a text for each record. */
export function topicNaming(allowTestData: boolean): (record: FeedRecord) => string {
  const known = new Map<Environment, Map<RecordKind, string>>();
  return (record) => known.get(record.environment)?.get(record.kind) ?? learn(record);

  function learn(record: FeedRecord): string {
    const kinds = getOrCreate(known, record.environment, () => new Map());
    return getOrCreate(kinds, record.kind, () => topicNameOf(record, allowTestData));
  }
}

export interface VenueSymbolName {
  readonly venue: string;
  readonly symbol: string;
}

/** Returns the message key of market records: symbol, or VENUE:SYMBOL in mode `all`. Each key has its own epochs. */
export function marketKeyOf(mode: FeedMode): MarketKeyOf {
  return mode === 'all' ? ({ venue, symbol }) => `${venue}:${symbol}` : symbolKey;
}

export type MarketKeyOf = (of: VenueSymbolName) => string;

export const symbolKey: MarketKeyOf = ({ symbol }) => symbol;

/** Message key of a record. The key of a status record is `feed`, VENUE or VENUE:SYMBOL. */
export function messageKeyOf(record: FeedRecord, mode: FeedMode): string {
  switch (record.kind) {
    case 'status':
      if (record.venue === null) return 'feed';
      return record.symbol === null ? record.venue : `${record.venue}:${record.symbol}`;
    case 'gap':
    case 'position':
    case 'instrument':
      return `${record.venue}:${record.symbol}`;
    case 'dead_letter':
      return record.venue;
    default:
      return marketKeyOf(mode)(record);
  }
}

/** The environment's prefix of a topic: `simulated.` in `simulated.trades`. */
export function prefixOfTopic(topic: string): string {
  return topic.slice(0, topic.lastIndexOf('.') + 1);
}
