import type { SchedulerLike } from 'rxjs';
import { CHANNELS, type Channel, type Instrument } from '../domain/instrument.ts';
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

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string' && value !== '';
const isSymbol: Check = (value) =>
  isText(value) || (typeof value === 'object' && value !== null && 'venueSymbol' in value);
const isListOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length > 0 && value.every(check);
const isPositive: Check = (value) => typeof value === 'number' && Number.isFinite(value) && value > 0;
const isAddress: Check = (value) => typeof value === 'string' && /^wss?:\/\//.test(value);
const ENVIRONMENTS: readonly Environment[] = ['production', 'testnet', 'simulated', 'replay'];

/** Checks of the options, for callers in JavaScript. */
const OPTIONS: { readonly [K in keyof Required<AdapterOptions>]: readonly [check: Check, allowed: string] } = {
  symbols: [isListOf(isSymbol), 'at least one symbol, such as BTCUSDT'],
  quote: [isText, 'a quote asset, such as USDT'],
  channels: [isListOf((value) => CHANNELS.some((channel) => channel === value)), `any of ${CHANNELS.join(', ')}`],
  websocketUrls: [isListOf(isAddress), 'at least one address that begins with wss:// or ws://'],
  environment: [(value) => ENVIRONMENTS.some((name) => name === value), 'production, testnet, simulated or replay'],
  connectTimeoutMs: [isPositive, 'milliseconds above 0'],
  probeAfterMs: [isPositive, 'milliseconds above 0'],
  compression: [(value) => typeof value === 'boolean', 'true or false'],
  maxFrameMb: [isPositive, 'megabytes above 0'],
  scheduler: [(value) => typeof value === 'object' && value !== null && 'schedule' in value, 'a scheduler of rxjs'],
  onFrame: [(value) => typeof value === 'function', 'a function'],
};

/** Checks the options and returns them. @throws TypeError that names the first wrong option */
export function checkedOptions(venue: Venue, options: AdapterOptions): AdapterOptions {
  const { id } = venue;
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`${id}: options are missing: { symbols: ['BTCUSDT'] } at least`);
  for (const [name, value] of Object.entries(options)) {
    const known = Object.entries(OPTIONS).find(([option]) => option === name);
    if (known === undefined)
      throw new TypeError(`${id}: no option ${name}; there are ${Object.keys(OPTIONS).join(', ')}`);
    const [, [check, allowed]] = known;
    if (value !== undefined && !check(value))
      throw new TypeError(`${id}: ${name} is ${shown(value)}, allowed: ${allowed}`);
  }
  const { symbols, quote = 'USDT', channels = [] } = options;
  if (symbols === undefined) throw new TypeError(`${id}: symbols are missing, allowed: ${OPTIONS.symbols[1]}`);
  for (const symbol of symbols)
    if (typeof symbol === 'string' && !isCanonical(symbol, quote))
      throw new TypeError(
        `${id}: symbols has ${shown(symbol)}, allowed: coin and quote in capitals, such as BTC${quote}`,
      );
  for (const channel of channels)
    if (!hasChannel(venue, channel)) throw new TypeError(`${id}: channels has ${channel}, which ${id} does not have`);
  return options;
}

function isCanonical(symbol: string, quote: string): boolean {
  return symbol.endsWith(quote) && symbol.length > quote.length && symbol === symbol.toUpperCase();
}

function shown(value: unknown): string {
  return typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value)).slice(0, 80);
}
