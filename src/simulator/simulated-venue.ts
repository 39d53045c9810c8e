import { binanceRest } from './binance/binance-rest.ts';
import { binanceSocket } from './binance/binance-socket.ts';
import { binanceStreams } from './binance/binance-streams.ts';
import { bybitRest } from './bybit/bybit-rest.ts';
import { bybitSocket } from './bybit/bybit-socket.ts';
import { bybitStreams } from './bybit/bybit-streams.ts';
import type { VenueHost } from './venue-host.ts';
import type { SimulatedVenue } from './venue-protocol.ts';

/** Makes Bybit, Binance, Binance US or the Binance testnet, as the host's spec says. */
export function simulatedVenue(host: VenueHost): SimulatedVenue {
  if (host.spec.protocol === 'bybit') {
    const streams = bybitStreams(host);
    return { host, streams, rest: bybitRest(host, streams.books), socket: bybitSocket(host, streams) };
  }
  const streams = binanceStreams(host);
  return { host, streams, rest: binanceRest(host, streams.books), socket: binanceSocket(host, streams) };
}
