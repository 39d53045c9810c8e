import type { SchedulerLike } from 'rxjs';
import { CHANNELS, type Channel, type Instrument } from '../domain/instrument.ts';
import {
  FLAG,
  FUNCTION,
  isListOf,
  isOneOf,
  isText,
  type OptionRules,
  requireOptions,
  WAIT_MS,
} from '../domain/options/check-options.ts';
import { shown } from '../domain/options/shown.ts';
import type { Environment } from '../domain/record.ts';
import type { RawFrame } from '../domain/venue-event.ts';
import type { Venue } from './contract.ts';
import { hasChannel } from './missing-channels.ts';

export interface AdapterOptions {
  /** Canonical symbols such as `BTCUSDT`, or an instrument if the venue spells the symbol differently. */
  readonly symbols: readonly (string | Instrument)[];
  /** The quote asset at the end of the symbols. Default `USDT`. */
  readonly quote?: string;
  /** Default `trade` and `ticker`. */
  readonly channels?: readonly Channel[];
  /** Default: the venue's public streams. Each subscription uses the next address in turn. */
  readonly websocketUrls?: readonly string[] | undefined;
  /** The environment in every event. Default `production`; `testnet` for the testnet. */
  readonly environment?: Environment;
  /** Longest time until the connection is open, milliseconds. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** After this time without data the venue is pinged, milliseconds. Default 2,500. */
  readonly probeAfterMs?: number;
  /** Uses permessage-deflate. Default false. */
  readonly compression?: boolean;
  /** Limit of a frame, megabytes; a longer one ends the connection. Default 32. */
  readonly maxFrameMb?: number;
  /** Default: a monotonic scheduler. */
  readonly scheduler?: SchedulerLike;
  /** Called with each frame before it is decoded. Must not throw. */
  readonly onFrame?: (frame: RawFrame) => void;
}

const DEFAULT_QUOTE = 'USDT';

const isSymbol = (value: unknown): boolean =>
  isText(value) || (typeof value === 'object' && value !== null && 'venueSymbol' in value);
const isAddress = (value: unknown): boolean => typeof value === 'string' && /^wss?:\/\//.test(value);
const isScheduler = (value: unknown): boolean => typeof value === 'object' && value !== null && 'schedule' in value;
const ENVIRONMENTS: readonly Environment[] = ['production', 'testnet', 'simulated', 'replay'];

const RULES: OptionRules<AdapterOptions> = {
  symbols: [isListOf(isSymbol), 'at least one symbol, such as BTCUSDT'],
  quote: [isText, 'a quote asset, such as USDT'],
  channels: [isListOf(isOneOf(CHANNELS)), `any of ${CHANNELS.join(', ')}`],
  websocketUrls: [isListOf(isAddress), 'at least one address that begins with wss:// or ws://'],
  environment: [isOneOf(ENVIRONMENTS), ENVIRONMENTS.join(', ')],
  connectTimeoutMs: WAIT_MS,
  probeAfterMs: WAIT_MS,
  compression: FLAG,
  maxFrameMb: [(value) => Number.isFinite(value) && Number(value) > 0, 'megabytes above 0'],
  scheduler: [isScheduler, 'a scheduler of rxjs'],
  onFrame: FUNCTION,
};

/** Checks the options and returns them. @throws TypeError that names the first wrong option */
export function checkedOptions(venue: Venue, options: AdapterOptions): AdapterOptions {
  const { id } = venue;
  requireOptions(id, options, RULES);
  const { symbols, quote = DEFAULT_QUOTE, channels = [] } = options;
  if (symbols === undefined) throw new TypeError(`${id}: symbols are missing, allowed: ${RULES.symbols[1]}`);
  for (const symbol of symbols)
    if (typeof symbol === 'string' && !isCanonical(symbol, quote))
      throw new TypeError(
        `${id}: symbols has ${shown(symbol)}, allowed: coin and quote in capitals, such as BTC${quote}`,
      );
  for (const channel of channels)
    if (!hasChannel(venue, channel)) throw new TypeError(`${id}: channels has ${channel}, which ${id} does not have`);
  return options;
}

/** Returns the instruments of checked options. */
export function instrumentsOf({ symbols, quote = DEFAULT_QUOTE }: AdapterOptions): readonly Instrument[] {
  return symbols.map((symbol) =>
    typeof symbol === 'string' ? { coin: symbol.slice(0, -quote.length), symbol, venueSymbol: symbol } : symbol,
  );
}

function isCanonical(symbol: string, quote: string): boolean {
  return symbol.endsWith(quote) && symbol.length > quote.length && symbol === symbol.toUpperCase();
}
