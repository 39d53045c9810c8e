import type { SchedulerLike } from 'rxjs';
import { environmentPrefix } from '../codec/environment-topics.ts';
import {
  FLAG,
  FUNCTION,
  isListOf,
  isOneOf,
  isText,
  type OptionRule,
  type OptionRules,
  objectOf,
  required,
  TEXT,
  WAIT_MS,
  wholeNumberFrom,
} from '../domain/options/check-options.ts';
import type { Environment } from '../domain/record.ts';
import type { KafkaConfig } from '../kafka/config.ts';
import type { OffsetAt } from '../kafka/contract.ts';
import { GUARD_RULES, type GuardOptions } from './guard/trading-decision.ts';
import { refusedOption, requireUsable } from './refused-option.ts';
import type { ClientWarning } from './source/source.ts';
import { checkOffsets, OFFSETS_RULE, type RecordPosition } from './start-offsets.ts';
import { TOPIC_NAMES, type TopicName } from './topic-name.ts';

/** Options of `connectTopics`. Guard limits given here are the defaults of `market.trading$` and `market.guard`. */
export interface ClientOptions extends Partial<GuardOptions> {
  /** Kafka brokers, each host:port. Set either these or `dir`. */
  readonly brokers?: readonly string[];
  /** The folder of a file sink, read instead of Kafka. */
  readonly dir?: string;
  /**
   * `records`: plays the files of `dir` for a backtest. Their records give the time, so that minutes pass in seconds,
   * and the guard decides as it did live. Playing begins with the first subscription; at the end, all Observables
   * complete. Default `wall`.
   */
  readonly clock?: 'wall' | 'records';
  /** Prefix of the topics' names in Kafka; default `market.`. */
  readonly topicPrefix?: string;
  /**
   * Selects the topics by the kind of market: simulated trades are in `market.simulated.trades`. Default production. A
   * feed with `allow_test_data` publishes test data in the production topics instead.
   */
  readonly environment?: Environment;
  /** Quote asset that completes a coin to a symbol: with USDT, the default, `BTC` means `BTCUSDT`. */
  readonly quote?: string;
  /** Clients with the same group share the records of market data. Without a group each client gets every record. */
  readonly group?: string;
  /** This client's name at the brokers; default `market-feed-client`. */
  readonly clientId?: string;
  /**
   * Where reading begins, for all topics or for each by its short name; default `end`. A group uses it only for
   * partitions without a committed offset.
   */
  readonly from?: Beginning | TopicBeginnings;
  /** Gives each record its topic, partition and offset, see `RecordPosition`. Default false. */
  readonly withPosition?: boolean;
  readonly ssl?: KafkaConfig['ssl'];
  readonly sasl?: (Omit<NonNullable<KafkaConfig['sasl']>, 'password'> & { readonly password: string }) | null;
  /** The schema registry of records in the Confluent wire format. */
  readonly schemaRegistry?: {
    readonly url: string;
    readonly user?: string | null;
    readonly password?: string | null;
    readonly caFile?: string | null;
  } | null;
  /** Called if records are lost or skipped, or reading fails; by default Node.js prints a warning. */
  readonly onWarning?: (warning: ClientWarning) => void;
  /** How long `connectTopics` waits for the brokers, milliseconds; default 10,000. */
  readonly connectTimeoutMs?: number;
  /** How often a group commits its offsets, milliseconds; default 1000. */
  readonly commitEveryMs?: number;
  /** A group drops a member that sends no heartbeat for this long, milliseconds; default 10,000. */
  readonly sessionTimeoutMs?: number;
  /** How many records of each partition the client remembers, to drop repeated ones; default 10,000. */
  readonly identityWindow?: number;
}

/**
 * Where a topic's reading begins. With a Date or number (milliseconds since 1970) it begins with the first record that
 * the broker appended at this time or later. In files, the time counts at which the feed received a record. If a record
 * does not say this, its `timestamp` counts, or the end of a gap.
 */
export type Beginning = 'beginning' | 'end' | Date | number;

/** Where the reading of each topic begins, by its short name. The default is `end`, or `beginning` with `offsets`. */
export type TopicBeginnings = { readonly [N in TopicName]?: Beginning } & {
  /**
   * Each of these partitions begins with its first record at the offset or after it. If the offset was deleted, the client
   * warns and begins at the oldest record. Only with `brokers` and without `group`; `instruments` is not allowed.
   */
  readonly offsets?: readonly RecordPosition[];
};

/** A client's clocks; tests replace them. */
export interface ClientDeps {
  /** Measures waits; its clock must be monotonic. */
  readonly scheduler: SchedulerLike;
  /** Returns the wall clock's time, milliseconds since 1970. */
  readonly wallClockMs: () => number;
}

const isAddress = (value: unknown): boolean => {
  const port = typeof value === 'string' ? /^[^\s,/]+:(\d{1,5})$/.exec(value)?.[1] : undefined;
  return port !== undefined && Number(port) <= 65_535;
};
/** True for a Date, or milliseconds since 1970. */
export const isTimeOption = (value: unknown): boolean =>
  (typeof value === 'number' && Number.isFinite(value)) || (value instanceof Date && !Number.isNaN(value.getTime()));
const isBeginning = (value: unknown): boolean => value === 'beginning' || value === 'end' || isTimeOption(value);

const TEXT_OR_NULL: OptionRule = [(value) => value === null || isText(value), 'a text, or null for none'];
const BEGINNING = 'beginning, end, a Date, or milliseconds since 1970';
const ENVIRONMENTS: readonly Environment[] = ['production', 'testnet', 'simulated', 'replay'];
const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'];

const RULES: OptionRules<ClientOptions> = {
  brokers: [isListOf(isAddress), 'at least one host:port'],
  dir: TEXT,
  clock: [isOneOf(['wall', 'records']), 'wall, records'],
  topicPrefix: [(value) => typeof value === 'string', 'a text'],
  environment: [isOneOf(ENVIRONMENTS), ENVIRONMENTS.join(', ')],
  quote: TEXT,
  group: TEXT,
  clientId: TEXT,
  from: [
    (value) => isBeginning(value) || (typeof value === 'object' && value !== null && !(value instanceof Date)),
    `${BEGINNING}; or an object of these by topic`,
    { ...Object.fromEntries(TOPIC_NAMES.map((name) => [name, [isBeginning, BEGINNING]])), offsets: OFFSETS_RULE },
  ],
  withPosition: FLAG,
  ssl: [
    (value) => value === true || value === null || typeof value === 'object',
    'true, an object with files, or null for none',
    { caFile: TEXT, certFile: TEXT, keyFile: TEXT },
  ],
  sasl: objectOf('an object with mechanism, username and password', {
    mechanism: required([isOneOf(MECHANISMS), MECHANISMS.join(', ')]),
    username: required(TEXT),
    password: required(TEXT),
  }),
  schemaRegistry: objectOf('an object with the url', {
    url: required(TEXT),
    user: TEXT_OR_NULL,
    password: TEXT_OR_NULL,
    caFile: TEXT_OR_NULL,
  }),
  onWarning: FUNCTION,
  connectTimeoutMs: WAIT_MS,
  commitEveryMs: WAIT_MS,
  sessionTimeoutMs: WAIT_MS,
  identityWindow: wholeNumberFrom(1),
  ...GUARD_RULES,
};

/**
 * Returns where a topic's reading begins, in partitions without an entry in `from.offsets`. The topic of instruments is
 * compacted and short, so it is always read whole.
 */
export function startOf(options: ClientOptions, name: TopicName): OffsetAt {
  if (name === 'instruments') return 'beginning';
  const { from = 'end' } = options;
  const otherwise = givenOffsets(options) === undefined ? 'end' : 'beginning';
  const start = isOneBeginning(from) ? from : (from[name] ?? otherwise);
  if (start === 'end' || start === 'beginning') return start;
  return { timeMs: typeof start === 'number' ? start : start.getTime() };
}

/** Returns the option `from.offsets`. */
export function givenOffsets({ from = 'end' }: ClientOptions): readonly RecordPosition[] | undefined {
  return isOneBeginning(from) ? undefined : from.offsets;
}

/** Returns the offsets at which partitions of a topic (full name) begin, as far as the options give them. */
export function offsetsOf(options: ClientOptions, topic: string): ReadonlyMap<number, bigint> {
  const ofTopic = (givenOffsets(options) ?? []).filter((given) => given.topic === topic);
  return new Map(ofTopic.map(({ partition, offset }) => [partition, BigInt(offset)]));
}

const isOneBeginning = (from: Beginning | TopicBeginnings): from is Beginning =>
  typeof from !== 'object' || from instanceof Date;

/** True for topics about the feed itself. A group does not share them, because every client needs all records. */
export const isOfTheFeed = (name: TopicName): boolean => name === 'feed-status' || name === 'gaps';

/** Returns the full name of a topic: at the brokers with the prefix, in files the folder. */
export function fullNameOf(options: ClientOptions, name: TopicName): string {
  const prefixes = prefixesOf(options);
  return (isOfTheFeed(name) ? prefixes.feed : prefixes.market) + name;
}

/** Returns the prefix of topics with market data (`market`), and the prefix of `feed-status` and `gaps` (`feed`). */
export function prefixesOf({ topicPrefix = 'market.', environment = 'production', dir }: ClientOptions) {
  const prefix = dir === undefined ? topicPrefix : '';
  // A testnet venue runs in a production feed, which publishes its status and gaps in production topics.
  const feed = environment === 'testnet' ? 'production' : environment;
  return { market: prefix + environmentPrefix(environment, false), feed: prefix + environmentPrefix(feed, false) };
}

/** @throws Fault with retry `never` if options contradict each other, or one is unknown or unusable. */
export function checkOptions(options: ClientOptions): void {
  requireUsable('connectTopics', options, RULES);
  const { brokers, dir, group, clock, withPosition = false } = options;
  if (dir !== undefined && brokers !== undefined) throw refusedOption('dir', 'either brokers or dir, not both');
  if (dir !== undefined && group !== undefined)
    throw refusedOption('group', 'files are not shared; a group needs brokers');
  if (clock === 'records' && dir === undefined) throw refusedOption('clock', 'records are played only from a dir');
  if (dir === undefined && brokers === undefined)
    throw refusedOption('brokers', 'at least one host:port, or dir: the folder of a file sink');
  const noOffsets = 'records in files have no offset; it needs brokers';
  if (dir !== undefined && withPosition) throw refusedOption('withPosition', noOffsets);
  const offsets = givenOffsets(options);
  if (offsets === undefined) return;
  if (dir !== undefined) throw refusedOption('from.offsets', noOffsets);
  if (group !== undefined) throw refusedOption('from.offsets', 'a group begins at its own committed offsets');
  const names = TOPIC_NAMES.filter((name) => name !== 'instruments');
  checkOffsets(
    offsets,
    names.map((name) => fullNameOf(options, name)),
  );
}

/** Returns the guard's limits among the options. */
export function guardLimitsOf(options: ClientOptions): Partial<GuardOptions> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(GUARD_RULES, name)));
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
