import { environmentPrefix } from '../codec/environment-topics.ts';
import { type Camel, camelKeys } from '../codec/key-case.ts';
import {
  type BookDepth,
  type Channel,
  type Instrument,
  isDepthChannel,
  type VenueId,
  withDeepestBook,
} from '../domain/instrument.ts';
import type { Environment } from '../domain/record.ts';
import type { ConfigFiles } from './named-files.ts';
import type { Sections } from './schema.ts';
import type { Secret } from './secret.ts';

/** A coin and its symbol at each venue against the configured quote; null if the venue does not list it. */
export interface CoinEntry {
  readonly coin: string;
  /** Importance of the coin; 1 is the highest. */
  readonly tier: number;
  readonly symbols: Readonly<Record<VenueId, string | null>>;
}

export type CoinSelection =
  | { readonly kind: 'list'; readonly entries: readonly CoinEntry[] }
  /** All coins that the venues list against the quote, or only the most traded in 24 hours at the preferred venue. */
  | { readonly kind: 'all'; readonly topByVolume?: number };

export function allCoins(topByVolume: number | null | undefined): CoinSelection {
  return { kind: 'all', ...(typeof topByVolume === 'number' ? { topByVolume } : {}) };
}

export type VenueConfig = Camel<Sections['venues']['bybit']>;

/** The settings of each venue; ids such as `binance_us` keep their spelling. */
export const camelVenues = ({ bybit, binance, binance_us, binance_testnet }: Sections['venues']): Config['venues'] => ({
  bybit: camelKeys(bybit),
  binance: inTimeUnit(camelKeys(binance)),
  binance_us: camelKeys(binance_us),
  binance_testnet: inTimeUnit(camelKeys(binance_testnet)),
});

/** Adds the parameter `timeUnit` to addresses without it. Without the parameter, the venues send milliseconds. */
function inTimeUnit({ timeUnit, ...venue }: Camel<Sections['venues']['binance']>): VenueConfig {
  if (timeUnit === 'millisecond') return venue;
  const websocketUrls = venue.websocketUrls.map((url) =>
    /[?&]timeUnit=/i.test(url) ? url : `${url}${url.includes('?') ? '&' : '?'}timeUnit=MICROSECOND`,
  );
  return { ...venue, websocketUrls };
}

export type ReconnectConfig = VenueConfig['reconnect'];

type KafkaSection = Camel<Sections['kafka']>;

type KafkaConfig = Omit<KafkaSection, 'batch' | 'ssl' | 'sasl' | 'schemaRegistry'> &
  ReturnType<ConfigFiles['kafka']> & {
    readonly batch: KafkaSection['batch'] & { readonly minIntervalMs: number };
  };

/** The loaded configuration: defaults filled in, paths absolute, secrets read. A secret is logged as `[secret]`. */
export interface Config {
  /** The configuration file; null for built-in defaults. */
  readonly source: string | null;
  readonly coins: CoinSelection;
  readonly quote: string;
  /** `replay` is set by a replay, never by a file. */
  readonly environment: Sections['environment'] | 'replay';
  readonly feed: Camel<Sections['feed']>;
  readonly venues: Readonly<Record<VenueId, VenueConfig>>;
  readonly sinks: NonNullable<Sections['sinks']>;
  readonly kafka: KafkaConfig;
  readonly file: Omit<Camel<Sections['file']>, 'codec'> & { readonly codec: 'deflate' | 'null' };
  readonly parquet: Camel<Sections['parquet']>;
  readonly spill: Camel<Sections['spill']>;
  readonly gateway: Omit<Camel<Sections['gateway']>, 'token' | 'tokenFile'> & { readonly token: Secret | null };
  readonly orderBooks: Camel<Sections['order_books']>;
  readonly stats: Camel<Sections['stats']>;
  readonly cluster: Camel<Sections['cluster']>;
  readonly log: Camel<Sections['log']>;
}

/** The enabled venues of `feed.venues`, in order of preference. */
export function feedVenues(config: Config): readonly VenueId[] {
  return config.feed.venues.filter((venue) => config.venues[venue].enabled);
}

/** The configured coins as instruments of a venue; empty for `coins: { all: true }`, where the venue's list decides. */
export function instrumentsFor(config: Config, venue: VenueId): readonly Instrument[] {
  if (config.coins.kind === 'all') return [];
  return config.coins.entries.flatMap(({ coin, symbols }) => {
    const venueSymbol = symbols[venue];
    return venueSymbol === null ? [] : [{ coin, symbol: coin + config.quote, venueSymbol }];
  });
}

/** The symbols of the configured coins; empty for `coins: { all: true }`. */
export function coinSymbols({ coins, quote }: Config): readonly string[] {
  return coins.kind === 'all' ? [] : coins.entries.map(({ coin }) => coin + quote);
}

/** The environment of a venue's records. */
export function environmentOf(config: Config, venue: VenueId): Environment {
  return venue === 'binance_testnet' && config.environment !== 'replay' ? 'testnet' : config.environment;
}

/** The topic prefixes that this configuration may write to: empty or `simulated.`, and `testnet.`. */
export function environmentPrefixes(config: Config): readonly string[] {
  const environments = [config.environment, ...feedVenues(config).map((venue) => environmentOf(config, venue))];
  return [...new Set(environments.map((environment) => environmentPrefix(environment, config.feed.allowTestData)))];
}

/** The channels to subscribe at the venues. */
export function subscribedChannels(config: Config): readonly Channel[] {
  return withDeepestBook(config.feed.channels);
}

/** How much of the books is published. */
export interface BooksWanted extends BookDepth {
  /** True if deltas are published, too. False if only best levels are subscribed: venues always send all of them. */
  readonly deltas: boolean;
  /** How often the deltas include a snapshot, milliseconds. */
  readonly deltaSnapshotEveryMs: number;
}

/** How much of the books is published; undefined if none are subscribed. */
export function booksOf(config: Config): BooksWanted | undefined {
  const channel = subscribedChannels(config).find(isDepthChannel);
  if (channel === undefined) return undefined;
  const { levels, ...often } = config.orderBooks;
  const deltas = channel === 'depth';
  return { ...often, levels: deltas ? levels : Math.min(levels, Number(channel.slice('depth'.length))), deltas };
}

/** A coin that every venue lists under coin + quote. */
export function coinEverywhere(coin: string, quote: string): CoinEntry {
  const symbol = coin + quote;
  return { coin, tier: 1, symbols: { bybit: symbol, binance: symbol, binance_us: symbol, binance_testnet: symbol } };
}
