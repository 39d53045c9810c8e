import { binanceRest } from './binance/binance-rest.ts';
import { BinanceSocket } from './binance/binance-socket.ts';
import { BinanceStreams } from './binance/binance-streams.ts';
import { bybitRest } from './bybit/bybit-rest.ts';
import { BybitSocket } from './bybit/bybit-socket.ts';
import { BybitStreams } from './bybit/bybit-streams.ts';
import type { VenueHost } from './venue-host.ts';
import type { SimulatedVenue } from './venue-protocol.ts';

/** Bybit, Binance, Binance US or the Binance testnet, by the host's profile. */
export function simulatedVenue(host: VenueHost): SimulatedVenue {
  if (host.profile.protocol === 'bybit') {
    const streams = new BybitStreams(host);
    return { host, streams, rest: bybitRest(host, streams.books), socket: new BybitSocket(host, streams) };
  }
  const streams = new BinanceStreams(host);
  return { host, streams, rest: binanceRest(host, streams.books), socket: new BinanceSocket(host, streams) };
}
