import type { SchedulerLike } from 'rxjs';
import { environmentPrefix } from '../codec/environment-topics.ts';
import type { Environment } from '../domain/record.ts';
import type { KafkaConfig } from '../kafka/config.ts';
import type { OffsetAt } from '../kafka/contract.ts';
import { type GuardOptions, guardOptions } from './guard/trading-decision.ts';
import type { ClientWarning } from './source/source.ts';
import { TOPIC_NAMES, type TopicName } from './topic-name.ts';
import { unusableOption } from './unusable-option.ts';

/** Where topics are read and how; the limits of the guard are those of `market.trading$` where it is given none. */
export interface ClientOptions extends Partial<GuardOptions> {
  /** host:port. Either these or `dir`. */
  readonly brokers?: readonly string[];
  /** The folder of a file sink, read instead of Kafka. */
  readonly dir?: string;
  /** Default `market.`. */
  readonly topicPrefix?: string;
  /** Picks the topics: test data are in topics of their own (`market.simulated.trades`). Default production. Where a feed shares the production topics (`allow_test_data`), production is right too. */
  readonly environment?: Environment;
  /** Quote asset: `BTC` means `BTC` + this. Default USDT. */
  readonly quote?: string;
  /** Shares the records with all that give the same name; without it everybody gets all of them. */
  readonly group?: string;
  /** Default market-feed-client. */
  readonly clientId?: string;
  /** Where topics are begun, all or each by its short name; of a group, where a partition is begun that it has not read yet. Default end. */
  readonly from?: Beginning | { readonly [N in TopicName]?: Beginning };
  readonly ssl?: KafkaConfig['ssl'];
  readonly sasl?: (Omit<NonNullable<KafkaConfig['sasl']>, 'password'> & { readonly password: string }) | null;
  /** For records in Confluent's wire format. */
  readonly schemaRegistry?: {
    readonly url: string;
    readonly user?: string | null;
    readonly password?: string | null;
    readonly caFile?: string | null;
  } | null;
  /** Told of what was lost, passed over, or fails; by default Node.js prints it as a warning. */
  readonly onWarning?: (warning: ClientWarning) => void;
  /** Milliseconds; default 10,000. */
  readonly connectTimeoutMs?: number;
  /** How often a group remembers what is done, milliseconds; default 1000. */
  readonly commitEveryMs?: number;
  /** After so long without a sign of life a group goes on without a member, milliseconds; default 10,000. */
  readonly sessionTimeoutMs?: number;
  /** How many different events of a partition are remembered, to leave repeated ones out; default 10,000. */
  readonly identityWindow?: number;
}

/** A time, milliseconds since 1970, is that of arrival. */
export type Beginning = 'beginning' | 'end' | Date | number;

/** What a client takes from its surroundings; tests give their own. */
export interface ClientDeps {
  /** Measures waits; its clock must be one that nobody sets. */
  readonly scheduler: SchedulerLike;
  /** Milliseconds since 1970. */
  readonly wallClockMs: () => number;
}

/** Where a topic is begun. Throws a Fault (never) where that is no time. */
export function placeOf({ from = 'end' }: ClientOptions, name: TopicName): OffsetAt {
  const place = typeof from !== 'object' || from instanceof Date ? from : (from[name] ?? 'end');
  if (place === 'end' || place === 'beginning') return place;
  const timeMs = typeof place === 'number' ? place : place.getTime();
  if (!Number.isFinite(timeMs)) throw unusableOption('from', `${String(place)} is no time`);
  return { timeMs };
}

/** What stands before the short names of market topics, and of feed-status and gaps. */
export function prefixesOf({ topicPrefix = 'market.', environment = 'production', dir }: ClientOptions): {
  readonly market: string;
  readonly feed: string;
} {
  const prefix = dir === undefined ? topicPrefix : '';
  // No feed runs as the testnet's: of what it does there a production feed tells.
  const feed = environment === 'testnet' ? 'production' : environment;
  return { market: prefix + environmentPrefix(environment, false), feed: prefix + environmentPrefix(feed, false) };
}

/** Throws a Fault (never) where options do not go together, or one is unusable. */
export function checkOptions(options: ClientOptions): void {
  const { brokers, dir, group, identityWindow = 1 } = options;
  for (const name of TOPIC_NAMES) placeOf(options, name);
  if (dir !== undefined && brokers !== undefined) throw unusableOption('dir', 'either brokers or dir, not both');
  if (dir !== undefined && group !== undefined)
    throw unusableOption('group', 'files are not shared; a group needs brokers');
  if (dir === undefined && (brokers === undefined || brokers.length === 0))
    throw unusableOption('brokers', 'at least one host:port');
  if (!Number.isInteger(identityWindow) || identityWindow < 1)
    throw unusableOption('identityWindow', `${identityWindow} is no whole number from 1 on`);
  guardOptions(options);
}

export function kafkaConfigOf(options: ClientOptions): KafkaConfig {
  const { brokers = [], clientId = 'market-feed-client', topicPrefix = 'market.' } = options;
  const { ssl = null, sasl = null, schemaRegistry = null } = options;
  return {
    brokers,
    client: 'kafkajs',
    clientId,
    topicPrefix,
    partitions: 1,
    replication: -1,
    compression: 'none',
    ssl,
    sasl: sasl && { ...sasl, password: secret(sasl.password) },
    schemaRegistry: schemaRegistry && {
      url: schemaRegistry.url,
      register: false,
      user: schemaRegistry.user ?? null,
      password: typeof schemaRegistry.password === 'string' ? secret(schemaRegistry.password) : null,
      caFile: schemaRegistry.caFile ?? null,
    },
  };
}

const secret = (text: string): { reveal(): string } => ({ reveal: () => text });
