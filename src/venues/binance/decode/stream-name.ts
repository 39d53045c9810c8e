import { KLINE_INTERVALS } from '../../../domain/instrument.ts';

/** What a frame carries, by the event type that Binance gives it (`bookTicker` and partial depth have none in the frame). */
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
  /** Upper case, as in the payload. */
  readonly symbol: string;
  readonly event: BinanceEvent;
  /** Of klines. */
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

/** The meaning of a stream name, `btcusdt@kline_1m`; undefined for streams that no channel uses. */
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
