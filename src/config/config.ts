import { environmentPrefix } from '../codec/environment-topics.ts';
import { type Camel, camelKeys } from '../codec/key-case.ts';
import {
  type BookWish,
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

/** A coin and what each venue calls it against the configured quote; null: not listed there. */
export interface CoinEntry {
  readonly coin: string;
  /** 1 is followed most closely. */
  readonly tier: number;
  readonly symbols: Readonly<Record<VenueId, string | null>>;
}

export type CoinSelection =
  | { readonly kind: 'list'; readonly entries: readonly CoinEntry[] }
  /** Whatever the venues list against the quote; or so many of it, the most traded in 24 hours at the preferred venue. */
  | { readonly kind: 'all'; readonly topByVolume?: number };

export function allCoins(topByVolume: number | null | undefined): CoinSelection {
  return { kind: 'all', ...(typeof topByVolume === 'number' ? { topByVolume } : {}) };
}

export type VenueConfig = Camel<Sections['venues']['bybit']>;

/** The settings of each venue; its id stays as it is (`binance_us`). */
export const camelVenues = ({ bybit, binance, binance_us, binance_testnet }: Sections['venues']): Config['venues'] => ({
  bybit: camelKeys(bybit),
  binance: camelKeys(binance),
  binance_us: camelKeys(binance_us),
  binance_testnet: camelKeys(binance_testnet),
});

export type ReconnectConfig = VenueConfig['reconnect'];

type KafkaSection = Camel<Sections['kafka']>;

type KafkaConfig = Omit<KafkaSection, 'batch' | 'ssl' | 'sasl' | 'schemaRegistry'> &
  ReturnType<ConfigFiles['kafka']> & {
    readonly batch: KafkaSection['batch'] & { readonly minIntervalMs: number };
  };

/**
 * The configuration as loaded: the YAML's keys in camelCase, defaults filled in, paths absolute, secrets read from their files.
 * Safe to log whole: a Secret shows itself as `[secret]`.
 */
export interface Config {
  /** The file it came from; null: built-in defaults. */
  readonly source: string | null;
  readonly coins: CoinSelection;
  readonly quote: string;
  /** Of a file `production` or `simulated`; a replay marks itself. */
  readonly environment: Sections['environment'] | 'replay';
  readonly feed: Camel<Sections['feed']>;
  readonly venues: Readonly<Record<VenueId, VenueConfig>>;
  readonly sinks: NonNullable<Sections['sinks']>;
  readonly kafka: KafkaConfig;
  /** `dir` is absolute; the codec is called as Avro calls it. */
  readonly file: Omit<Camel<Sections['file']>, 'codec'> & { readonly codec: 'deflate' | 'null' };
  readonly spill: Camel<Sections['spill']>;
  readonly gateway: Omit<Camel<Sections['gateway']>, 'token' | 'tokenFile'> & { readonly token: Secret | null };
  readonly orderBooks: Camel<Sections['order_books']>;
  readonly stats: Camel<Sections['stats']>;
  readonly cluster: Camel<Sections['cluster']>;
  readonly log: Camel<Sections['log']>;
}

/** The venues that feed, in order of preference: those of `feed.venues` that are enabled. */
export function feedVenues(config: Config): readonly VenueId[] {
  return config.feed.venues.filter((venue) => config.venues[venue].enabled);
}

/** What the configured coins are called at a venue; empty for `coins: { all: true }`, where the venue's own list decides. */
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

/** What a record of a venue says of its market. */
export function environmentOf(config: Config, venue: VenueId): Environment {
  return venue === 'binance_testnet' && config.environment !== 'replay' ? 'testnet' : config.environment;
}

/** The topic prefixes of all environments that this configuration may write to: `` or `simulated.`, and `testnet.`. */
export function environmentPrefixes(config: Config): readonly string[] {
  const environments = [config.environment, ...feedVenues(config).map((venue) => environmentOf(config, venue))];
  return [...new Set(environments.map((environment) => environmentPrefix(environment, config.feed.allowTestData)))];
}

/** What is subscribed at the venues. */
export function subscribedChannels(config: Config): readonly Channel[] {
  return withDeepestBook(config.feed.channels);
}

/** How much of the books is published. */
export interface BooksWanted extends BookWish {
  /** Changes, too: not where only the best levels are subscribed, which the venue tells whole each time. */
  readonly deltas: boolean;
  /** How often a snapshot stands among the changes, milliseconds. */
  readonly deltaSnapshotEveryMs: number;
}

/** Undefined: no books are wanted. */
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
