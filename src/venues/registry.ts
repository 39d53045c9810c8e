import { VENUE_IDS, type VenueId } from '../domain/instrument.ts';
import { binanceSpot, binanceTestnetSpot, binanceUsSpot } from './binance/venue.ts';
import { bybitSpot } from './bybit/venue.ts';
import type { Venue } from './contract.ts';

export const venues: Readonly<Record<VenueId, Venue>> = {
  bybit: bybitSpot,
  binance: binanceSpot,
  binance_us: binanceUsSpot,
  binance_testnet: binanceTestnetSpot,
};

/** Venues whose trade ids step by one. */
export const contiguousVenues: ReadonlySet<string> = new Set(VENUE_IDS.filter((id) => venues[id].contiguousTradeIds));
