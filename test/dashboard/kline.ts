import type { KlineJson } from '../../src/gateway/api/record-schema.ts';

const MINUTE_MS = 60_000;

/** A closed candle of one minute, the `at`th since 1970, of Bybit's first epoch. */
export function kline(at: number, fields: Partial<KlineJson> = {}): KlineJson {
  const open_time = at * MINUTE_MS;
  return {
    venue: 'bybit',
    symbol: 'BTCUSDT',
    venue_symbol: 'BTCUSDT',
    coin: 'BTC',
    environment: 'production',
    epoch: 1,
    received_at: open_time * 1000,
    interval: '1m',
    open_time,
    close_time: open_time + MINUTE_MS - 1,
    open: '1',
    high: '1',
    low: '1',
    close: '1',
    volume: '1',
    quote_volume: '1',
    taker_buy_volume: null,
    taker_buy_quote_volume: null,
    trade_count: 1,
    closed: true,
    timestamp: open_time + MINUTE_MS,
    ...fields,
  };
}
