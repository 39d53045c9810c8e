export const VENUE_IDS = ['bybit', 'binance', 'binance_us', 'binance_testnet'] as const;
/** A market of its own, also in a replay, whose records all have the same environment. */
export const TESTNET = 'binance_testnet' satisfies (typeof VENUE_IDS)[number];
export type VenueId = (typeof VENUE_IDS)[number];

/** Default addresses of the public spot streams. */
export const WEBSOCKET_URLS: Readonly<Record<VenueId, readonly string[]>> = {
  bybit: ['wss://stream.bybit.com/v5/public/spot'],
  binance: ['wss://stream.binance.com:9443/stream', 'wss://data-stream.binance.vision/stream'],
  binance_us: ['wss://stream.binance.us:9443/stream'],
  binance_testnet: ['wss://stream.testnet.binance.vision/stream'],
};

/** A market of a venue: a coin against the configured quote. */
export interface Instrument {
  /** Base asset, `BTC`. */
  readonly coin: string;
  /** Canonical symbol: coin + quote, `BTCUSDT`. */
  readonly symbol: string;
  /** The symbol as the venue spells it, in upper case if its letters have case. */
  readonly venueSymbol: string;
}

/**
 * Whether an instrument trades, as its venue's list says. `halted`: listed, but nothing is traded. `cancel_only`: orders
 * can only be cancelled. `closed`: the venue does not list it.
 */
export type InstrumentStatus = 'trading' | 'halted' | 'cancel_only' | 'closed';

export const KLINE_INTERVALS = [
  '1s',
  '1m',
  '3m',
  '5m',
  '15m',
  '30m',
  '1h',
  '2h',
  '4h',
  '6h',
  '8h',
  '12h',
  '1d',
  '3d',
  '1w',
  '1M',
] as const;
export type KlineInterval = (typeof KLINE_INTERVALS)[number];

/** Channels of a symbol. `depth` is the whole book as far as the venue sends it; `depth5` has five levels a side. */
export const CHANNELS = [
  'trade',
  'agg_trade',
  'ticker',
  'mini_ticker',
  'book_ticker',
  ...KLINE_INTERVALS.map((interval) => `kline_${interval}` as const),
  'depth',
  'depth5',
  'depth10',
  'depth20',
] as const;
export type Channel = (typeof CHANNELS)[number];

const DEPTH_CHANNELS: readonly Channel[] = ['depth', 'depth20', 'depth10', 'depth5'];

export function isDepthChannel(channel: Channel): boolean {
  return DEPTH_CHANNELS.includes(channel);
}

/** Removes all book channels except the deepest one, which includes the levels of the others. */
export function withDeepestBook(channels: readonly Channel[]): readonly Channel[] {
  const deepest = DEPTH_CHANNELS.find((channel) => channels.includes(channel));
  return channels.filter((channel) => channel === deepest || !isDepthChannel(channel));
}

/** How much of a book to publish. */
export interface BookDepth {
  /** Best levels a side. */
  readonly levels: number;
  /** Time between two books, milliseconds. */
  readonly intervalMs: number;
}
