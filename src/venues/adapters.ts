import { type Adapter, adapterOf } from './adapter.ts';
import { venues } from './registry.ts';

export const bybit: Adapter = adapterOf(venues.bybit);
export const binance: Adapter = adapterOf(venues.binance);
export const binanceUs: Adapter = adapterOf(venues.binance_us);
export const binanceTestnet: Adapter = adapterOf(venues.binance_testnet, 'testnet');
