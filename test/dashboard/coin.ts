import type { CoinAnswer } from '../../src/gateway/api/feed-answers.ts';
import type { PriceJson } from '../../src/gateway/api/record-schema.ts';

/** A coin of the overview; by default in Bybit's first epoch. */
export function coin(fields: Partial<CoinAnswer> = {}): CoinAnswer {
  return {
    coin: 'BTC',
    symbol: 'BTCUSDT',
    tier: null,
    venue: 'bybit',
    environment: 'production',
    epoch: 1,
    price: '100',
    change_24h: null,
    volume_24h: null,
    quote_volume_24h: null,
    trades_per_second: 0,
    age_ms: 0,
    stale: false,
    halt_reason: null,
    flow: null,
    buy_ratio: null,
    sparkline: [],
    book_stale: null,
    ...fields,
  };
}

/** A tick of the same coin. */
export function tick(fields: Partial<PriceJson> = {}): PriceJson {
  return {
    venue: 'bybit',
    symbol: 'BTCUSDT',
    venue_symbol: 'BTCUSDT',
    coin: 'BTC',
    environment: 'production',
    epoch: 1,
    received_at: 0,
    price: '101',
    change_24h: null,
    volume_24h: null,
    quote_volume_24h: null,
    open_24h: null,
    high_24h: null,
    low_24h: null,
    vwap_24h: null,
    trade_count_24h: null,
    timestamp: 0,
    ...fields,
  };
}
