import { existsSync } from 'node:fs';
import { coinNamed } from '../../config/coin-list.ts';
import { type Config, instrumentsFor } from '../../config/config.ts';
import { type ConfigOverrides, loadConfig } from '../../config/load-config.ts';
import { type Instrument, VENUE_IDS, type VenueId } from '../../domain/instrument.ts';
import { type CommandContext, choiceIn, type OptionSpec, UsageError } from './command.ts';

const DEFAULT_FILES = ['config/market-feed.yaml', 'market-feed.yaml'];

export const configOption: OptionSpec = {
  value: 'FILE',
  help: `configuration; default: ${DEFAULT_FILES.join(' or ')}, if one exists, else built-in defaults`,
};

/** Options of `run` and `record` that select coins and channels. */
export const selectionOptions: Readonly<Record<'symbol' | 'channel', OptionSpec>> = {
  symbol: { value: 'S…', many: 'list', help: 'these coins alone: BTC, BTCUSDT or btcusdt' },
  channel: { value: 'C…', many: 'list', help: 'these channels: trade, ticker, book_ticker, kline_1m, …' },
};

/** The configuration from `--config`, the environment and the command's overrides. @throws ConfigError */
export function configurationOf(
  { options, environment }: Pick<CommandContext, 'options' | 'environment'>,
  overrides: ConfigOverrides = {},
): Config {
  const file = options.text('config') ?? DEFAULT_FILES.find((name) => existsSync(name));
  return loadConfig({ environment, overrides, file });
}

/** The configuration with the venues of `--venue` alone. @throws UsageError if one is unknown or not enabled */
export function withVenues(config: Config, names: readonly string[] | undefined): Config {
  const venues = names?.map((name) => choiceIn('--venue', name, VENUE_IDS));
  if (venues === undefined) return config;
  const off = venues.find((venue) => !config.venues[venue].enabled);
  if (off !== undefined) throw new UsageError(`--venue: ${off} is not enabled in the configuration`);
  return { ...config, feed: { ...config.feed, venues: [...new Set(venues)] } };
}

/** The venue's instrument of a coin, or of a symbol with the configured quote. @throws UsageError for other texts. */
export function instrumentNamed(text: string, config: Config, venue: VenueId): Instrument {
  const { quote } = config;
  const coin = coinNamed(text, quote);
  const allowed = `a coin or its symbol against ${quote}, such as BTC or BTC${quote}`;
  if (coin === undefined) throw new UsageError(`symbol: found "${text}", allowed: ${allowed}`);
  const symbol = coin + quote;
  return instrumentsFor(config, venue).find((one) => one.coin === coin) ?? { coin, symbol, venueSymbol: symbol };
}
