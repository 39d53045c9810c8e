import type { SimulatedVenue } from '../binance/binance-venue.ts';
import type { VenueHost } from '../venue-host.ts';
import type { RestAnswer, VenueProtocol, VenueStreams } from '../venue-protocol.ts';
import { BybitRest, tooFrequent } from './bybit-rest.ts';
import { BybitSocket } from './bybit-socket.ts';
import { BybitStreams } from './bybit-streams.ts';

/** Bybit v5 public spot. `clock`: milliseconds since 1970, asked when a message comes. */
export function bybitVenue(host: VenueHost, clock: () => number = Date.now): SimulatedVenue {
  const streams = new BybitStreams(host);
  const rest = new BybitRest(host, streams.books);
  const socket = new BybitSocket({
    host,
    onSubscribe: (connection, name, topic) => streams.subscribed(connection, name, topic, clock()),
  });
  const protocol: VenueProtocol = {
    role: (path) => socket.role(path),
    opened: () => {},
    message: (connection, text) => socket.message(connection, text, clock()),
    rest: (request) => rest.answer(request),
    refusalBody,
  };
  const sliced: VenueStreams = {
    order: (listing, first, count) => streams.order(listing, first, count),
    restartBook: (listing, now) => streams.restartBook(listing, now),
    slice: (now) => {
      streams.slice(now);
      socket.cutIdle(now);
    },
  };
  return { host, protocol, streams: sliced, clearLimits: () => rest.clearLimit() };
}

function refusalBody(status: number, now: number): Pick<RestAnswer, 'body' | 'contentType'> {
  if (status === 403) return { body: tooFrequent, contentType: 'text/html' };
  if (status === 429)
    return { body: `{"retCode":10006,"retMsg":"Too many visits!","result":{},"retExtInfo":{},"time":${now}}` };
  return { body: '<html><body>Service unavailable</body></html>', contentType: 'text/html' };
}
