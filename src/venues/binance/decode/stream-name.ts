import { KLINE_INTERVALS } from '../../../domain/instrument.ts';

/** The event type of a frame. Frames of `bookTicker` and partial depth do not contain it. */
export type BinanceEvent =
  | 'trade'
  | 'aggTrade'
  | '24hrTicker'
  | '24hrMiniTicker'
  | 'bookTicker'
  | 'kline'
  | 'depthUpdate'
  | 'partialDepth';

export interface BinanceStream {
  /** The venue's symbol in upper case, as in the payload. */
  readonly symbol: string;
  readonly event: BinanceEvent;
  readonly interval: string | undefined;
}

const EVENTS: ReadonlyMap<string, BinanceEvent> = new Map([
  ['trade', 'trade'],
  ['aggTrade', 'aggTrade'],
  ['ticker', '24hrTicker'],
  ['miniTicker', '24hrMiniTicker'],
  ['bookTicker', 'bookTicker'],
  ...KLINE_INTERVALS.map((interval) => [`kline_${interval}`, 'kline'] as const),
  ...['', '@100ms', '@1000ms'].flatMap((speed) => [
    [`depth${speed}`, 'depthUpdate'] as const,
    ...[5, 10, 20].map((levels) => [`depth${levels}${speed}`, 'partialDepth'] as const),
  ]),
]);

/** Returns the meaning of a stream name such as `btcusdt@kline_1m`; undefined if no channel uses it. */
export function parseStreamName(name: string): BinanceStream | undefined {
  const at = name.indexOf('@');
  const channel = name.slice(at + 1);
  const event = at > 0 ? EVENTS.get(channel) : undefined;
  if (event === undefined) return undefined;
  return {
    symbol: name.slice(0, at).toUpperCase(),
    event,
    interval: event === 'kline' ? channel.slice('kline_'.length) : undefined,
  };
}
