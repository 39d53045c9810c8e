import type { Environment, FeedRecord } from '../domain/record.ts';
import { topicOf } from './topics.ts';

/** One active venue a symbol, or every venue published beside the others. */
export type FeedMode = 'failover' | 'all';

const PREFIXES: Readonly<Record<Environment, string>> = {
  production: '',
  testnet: 'testnet.',
  simulated: 'simulated.',
  replay: 'replay.',
};

/** What stands before the topic names of an environment; nothing where test data may share the production topics. */
export function environmentPrefix(environment: Environment, allowTestData: boolean): string {
  return allowTestData ? '' : PREFIXES[environment];
}

/** Topic of a record without the configured prefix: `trades`, `testnet.trades`. The record's own environment decides. */
export function topicNameOf(record: FeedRecord, allowTestData: boolean): string {
  return environmentPrefix(record.environment, allowTestData) + topicOf(record.kind).name;
}

/**
 * Message key of a record. Market records: the canonical symbol, in mode `all` VENUE:SYMBOL, as the venues of a symbol
 * are separate series there. A status: `feed`, VENUE or VENUE:SYMBOL.
 */
export function keyOf(record: FeedRecord, mode: FeedMode): string {
  switch (record.kind) {
    case 'status':
      if (record.venue === null) return 'feed';
      return record.symbol === null ? record.venue : `${record.venue}:${record.symbol}`;
    case 'gap':
    case 'position':
      return `${record.venue}:${record.symbol}`;
    case 'dead_letter':
      return record.venue;
    default:
      return mode === 'all' ? `${record.venue}:${record.symbol}` : record.symbol;
  }
}
