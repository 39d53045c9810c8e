import type { Connection } from './connection.ts';
import type { OnOrder } from './market/market.ts';
import type { SimulatedInstrument } from './market/simulated-instrument.ts';
import type { RestLimit } from './rest.ts';
import type { VenueHost } from './venue-host.ts';

export interface VenueRequest {
  /** The path below the venue's prefix, `/api/v3/time`. */
  readonly path: string;
  /** True if the request came to the host that serves market data only. */
  readonly dataOnly: boolean;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** When the request came, milliseconds since 1970. */
  readonly now: number;
}

export interface RestAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly contentType?: string;
  readonly body: string;
}

/** A venue's WebSocket protocol. Times are milliseconds since 1970. */
export interface VenueSocket {
  /** The purpose of a WebSocket path (below the venue's prefix); undefined if there is no such path. */
  role(path: string): 'market' | 'status' | undefined;
  /** The answer that refuses a handshake; undefined if the handshake is accepted. */
  refuses?(path: string, query: URLSearchParams): RestAnswer | undefined;
  opened?(connection: Connection, path: string, query: URLSearchParams): void;
  message(connection: Connection, text: string, now: number): void;
  /** Called for a ping or pong of the client. */
  heartbeat?(connection: Connection, now: number): void;
  /** Called once in each slice: a time step of the simulator, 1 ms. */
  slice?(now: number): void;
}

/** A venue's REST interface. */
export interface SimulatedRest {
  answer(request: VenueRequest): RestAnswer;
  /** Makes the refusal with this status. Undefined means the refusal of a country that the venue does not serve. */
  refusal(status: number | undefined, now: number): RestAnswer;
  readonly limit: Pick<RestLimit, 'clear'>;
}

/** Makes frames from a venue's market. */
export interface VenueStreams {
  readonly order: OnOrder;
  /** Called once in each slice, after the slice's orders were made. `now`: milliseconds since 1970. */
  slice(now: number): void;
  /** Restarts a book's update ids for its listeners, as the venue does. */
  restartBook(instrument: SimulatedInstrument, now: number): void;
}

export interface SimulatedVenue {
  readonly host: VenueHost;
  readonly socket: VenueSocket;
  readonly rest: SimulatedRest;
  readonly streams: VenueStreams;
}
