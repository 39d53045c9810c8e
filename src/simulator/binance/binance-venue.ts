import type { VenueHost } from '../venue-host.ts';
import type { RestAnswer, VenueProtocol, VenueStreams } from '../venue-protocol.ts';
import { BinanceRest, banned, tooMuchWeight } from './binance-rest.ts';
import { BinanceSocket } from './binance-socket.ts';
import { BinanceStreams } from './binance-streams.ts';

export interface SimulatedVenue {
  readonly host: VenueHost;
  readonly protocol: VenueProtocol;
  readonly streams: VenueStreams;
  /** Lifts a ban by the request limits. */
  clearLimits(): void;
}

const REGION =
  "Service unavailable from a restricted location according to 'b. Eligibility' in https://www.binance.com/en/terms. " +
  'Please contact customer service if you believe you received this message in error.';

/** Binance, Binance US or the Binance testnet, by the host's profile. `clock`: milliseconds, from anywhere. */
export function binanceVenue(host: VenueHost, clock?: () => number): SimulatedVenue {
  const streams = new BinanceStreams(host);
  const rest = new BinanceRest(host, streams.books);
  const socket = new BinanceSocket({
    host,
    onSubscribe: (connection, name, stream) => streams.subscribed(connection, name, stream),
    ...(clock === undefined ? {} : { clock }),
  });
  const protocol: VenueProtocol = {
    role: (path) => socket.role(path),
    refuses: (path, query) => socket.refuses(path, query),
    opened: (connection, path, query) => socket.opened(connection, path, query),
    message: (connection, text) => socket.message(connection, text),
    heartbeat: (connection) => socket.heartbeat(connection),
    rest: (request) => rest.answer(request),
    refusalBody: (status, now) => refusalBody(status, now, host.profile.restLimit.amount),
  };
  return { host, protocol, streams, clearLimits: () => rest.clearLimit() };
}

function refusalBody(status: number, now: number, amount: number): Pick<RestAnswer, 'body' | 'contentType'> {
  if (status === 451) return { body: JSON.stringify({ code: 0, msg: REGION }) };
  if (status === 429) return { body: tooMuchWeight(amount).body };
  if (status === 418) return { body: banned(now + 120_000).body };
  if (status === 403) {
    const body =
      '<HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD><BODY><H1>403 ERROR</H1></BODY></HTML>';
    return { body, contentType: 'text/html' };
  }
  return { body: '{"code":-1000,"msg":"An unknown error occurred while processing the request."}' };
}
