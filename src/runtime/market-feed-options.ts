import { coinNamed } from '../config/coin-list.ts';
import { type Config, coinEverywhere } from '../config/config.ts';
import { loadConfig } from '../config/load-config.ts';
import { CHANNELS, type Channel, VENUE_IDS, type VenueId } from '../domain/instrument.ts';
import {
  isListOf,
  isOneOf,
  type OptionRule,
  type OptionRules,
  requireOptions,
  TEXT,
} from '../domain/options/check-options.ts';
import { shown } from '../domain/options/shown.ts';

/* The options of `MarketFeed`, and the configuration that follows from them. */

const DEFAULT_QUOTE = 'USDT';

export interface MarketFeedOptions {
  /** The preferred venue. The others are standby venues, in the default order. */
  readonly venue?: VenueId;
  /** Another name of `venue`. */
  readonly exchange?: VenueId;
  /** Only these venues, in order of preference. */
  readonly venues?: readonly VenueId[];
  /** Quote asset; default USDT. */
  readonly quote?: string;
  /** Channels to subscribe; default trade and ticker. A stream emits only if its channel is among them. */
  readonly channels?: readonly Channel[];
  /** A whole configuration from `loadConfig` instead of the built-in one. The other options override it. */
  readonly config?: Config;
}

const VENUE: OptionRule = [isOneOf(VENUE_IDS), `one of ${VENUE_IDS.join(', ')}`];

const RULES: OptionRules<MarketFeedOptions> = {
  venue: VENUE,
  exchange: VENUE,
  venues: [isListOf(isOneOf(VENUE_IDS)), `any of ${VENUE_IDS.join(', ')}`],
  quote: TEXT,
  channels: [isListOf(isOneOf(CHANNELS)), `any of ${CHANNELS.join(', ')}`],
  config: [(value) => typeof value === 'object' && value !== null, 'a configuration from loadConfig'],
};

/** Returns the venues in order of preference; undefined: as configured. */
function orderOf(options: MarketFeedOptions): readonly VenueId[] | undefined {
  const { venue, exchange = venue, venues } = options;
  if (venue !== undefined && venue !== exchange)
    throw new TypeError(`MarketFeed: found venue ${venue} and exchange ${exchange}, allowed: one of them`);
  return venues ?? (exchange && [exchange, ...VENUE_IDS.filter((other) => other !== exchange)]);
}

/** Returns the coin of a name: a coin, or its symbol against the quote. @throws TypeError if it is neither */
export function coinOf(text: unknown, quote: string): string {
  const coin = typeof text === 'string' ? coinNamed(text, quote) : undefined;
  if (coin !== undefined) return coin;
  throw wrongArgument(text, `a coin or its symbol against ${quote}, such as BTC or BTC${quote}`);
}

export function wrongArgument(value: unknown, allowed: string): TypeError {
  return new TypeError(`MarketFeed: found ${shown(value)}, allowed: ${allowed}`);
}

/** Returns the configuration of these coins and options. @throws TypeError that names what cannot be used */
export function configOf(coins: readonly string[], options: MarketFeedOptions): Config {
  requireOptions('MarketFeed', options, RULES);
  const { quote, channels, config } = options;
  const order = orderOf(options);
  const of = quote ?? config?.quote ?? DEFAULT_QUOTE;
  if (!Array.isArray(coins) || coins.length === 0) throw wrongArgument(coins, `a list of coins, such as ['BTC']`);
  const names = coins.map((coin) => coinOf(coin, of));
  if (config === undefined) {
    const feed = { channels: channels ?? ['trade', 'ticker'], ...(order === undefined ? {} : { venues: order }) };
    // The coins are passed as symbols, because the name of a coin may end in the quote.
    return loadConfig({ values: { coins: [...new Set(names)].map((coin) => coin + of), quote: of, feed } });
  }
  return {
    ...config,
    quote: of,
    coins: { kind: 'list', entries: [...new Set(names)].map((coin) => coinEverywhere(coin, of)) },
    feed: { ...config.feed, channels: channels ?? config.feed.channels, venues: order ?? config.feed.venues },
  };
}
