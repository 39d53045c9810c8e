/** `market-feed/venues`: venues as cold Observables of normalised events, filters for these, and the decoders. */

import { type Adapter, adapterOf } from './adapter.ts';
import { venues } from './registry.ts';

export type { Decimal } from '../domain/decimal.ts';
export { Fault, type FaultKind } from '../domain/fault.ts';
export { CHANNELS, type Channel, type Instrument, type VenueId } from '../domain/instrument.ts';
export type { BookUpdate, MarketEvent, Ticker } from '../domain/market-event.ts';
export type { AggTrade, BookTicker, Environment, Kline, PriceTick, TradeEvent } from '../domain/record.ts';
export type { MarketFrame, RawFrame, VenueEvent } from '../domain/venue-event.ts';
export type { Adapter } from './adapter.ts';
export type { AdapterOptions } from './adapter-options.ts';
export type { Decoded, Decoder } from './contract.ts';
export { type DecoderOptions, decoderOf } from './decoder.ts';
export { books, bookTickers, klines, type MarketSource, prices, trades } from './market-filters.ts';

export const bybit: Adapter = adapterOf(venues.bybit);
export const binance: Adapter = adapterOf(venues.binance);
export const binanceUs: Adapter = adapterOf(venues.binance_us);
export const binanceTestnet: Adapter = adapterOf(venues.binance_testnet, 'testnet');
