import type { VenueId } from '../domain/instrument.ts';
import { binance, binanceTestnet, binanceUs } from './binance/venue.ts';
import { bybit } from './bybit/venue.ts';
import type { Venue } from './contract.ts';

export const venues: Readonly<Record<VenueId, Venue>> = {
  bybit,
  binance,
  binance_us: binanceUs,
  binance_testnet: binanceTestnet,
};
