export const VENUE_IDS = ['bybit', 'binance', 'binance_us', 'binance_testnet'] as const;
export type VenueId = (typeof VENUE_IDS)[number];

/** The public spot streams of each venue. The configuration may name others: hosts differ by region. */
export const WEBSOCKET_URLS: Readonly<Record<VenueId, readonly string[]>> = {
  bybit: ['wss://stream.bybit.com/v5/public/spot'],
  binance: ['wss://stream.binance.com:9443/stream', 'wss://data-stream.binance.vision/stream'],
  binance_us: ['wss://stream.binance.us:9443/stream'],
  binance_testnet: ['wss://stream.testnet.binance.vision/stream'],
};

/** A coin as one venue lists it against the configured quote. */
export interface Instrument {
  /** Base asset, `BTC`. */
  readonly coin: string;
  /** Canonical symbol: coin + quote, `BTCUSDT`. */
  readonly symbol: string;
  /** As the venue spells it in its payloads, upper case where the venue has case. */
  readonly venueSymbol: string;
}

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

/** What can be asked for of a symbol. `depth` is the book as deep as the venue tells it, `depth5` its five best levels a side. */
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

/** The channels without those of shallower books: the deepest one says all of them. */
export function withDeepestBook(channels: readonly Channel[]): readonly Channel[] {
  const deepest = DEPTH_CHANNELS.find((channel) => channels.includes(channel));
  return channels.filter((channel) => channel === deepest || !isDepthChannel(channel));
}

/** How much of a book is wanted. */
export interface BookWish {
  /** Best levels a side that are published. */
  readonly levels: number;
  /** How often they are, milliseconds. */
  readonly intervalMs: number;
}
