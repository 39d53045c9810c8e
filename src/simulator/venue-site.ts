import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { http } from '../net/http.ts';
import type { Connection } from './connection.ts';
import { MarketClock } from './market/market-clock.ts';
import { serverPings } from './server-pings.ts';
import type { SimulatorOptions } from './simulator-options.ts';
import type { Refusal } from './venue-host.ts';
import type { RestAnswer, SimulatedVenue } from './venue-protocol.ts';

/** The path below Binance's prefix that stands for the host that serves market data only. */
const DATA_ONLY = '/data-only';
const MAX_MESSAGE_BYTES = 65_536;
const ATTEMPTS_WINDOW_MS = 300_000;
const LIFETIME_MS = 86_400_000;

export interface SimulatedCounts {
  /** Open connections. */
  readonly connections: number;
  /** All connections that were ever opened. */
  readonly opened: number;
  /** Open connections with market data. */
  readonly lines: number;
  readonly tradesMade: number;
  /** Trades that were due but not made: the market was paused, or the machine too slow. */
  readonly tradesLeftOut: number;
  readonly framesSent: number;
  /** Connections cut because the client read too slowly. */
  readonly slowClientsClosed: number;
}

/** One venue on the simulator's port: runs its market, and admits or refuses WebSockets and REST requests. */
export class VenueSite {
  readonly venue: SimulatedVenue;
  /** Undefined if the site plays a capture. */
  readonly clock: MarketClock | undefined;
  private readonly pings: ReturnType<typeof serverPings>;
  private readonly connectionLimit: boolean;
  private readonly onOpen: () => void;
  private readonly server: WebSocketServer;
  private attempts: number[] = [];

  /** `onOpen`: called when a connection is open, before the venue's protocol sees it. */
  constructor(venue: SimulatedVenue, options: SimulatorOptions, onOpen: () => void) {
    const { market, spec } = venue.host;
    this.venue = venue;
    this.clock = market === undefined ? undefined : new MarketClock(market, performance.now(), venue.streams.order);
    const lifetimeMs = spec.protocol === 'binance' ? (options.lifetimeMs ?? LIFETIME_MS) : undefined;
    this.pings = serverPings(spec.ping && (options.ping ?? spec.ping), lifetimeMs);
    this.connectionLimit = options.connectionLimit ?? true;
    this.onOpen = onOpen;
    this.server = new WebSocketServer({
      noServer: true,
      perMessageDeflate: options.compression ?? false,
      maxPayload: MAX_MESSAGE_BYTES,
      autoPong: false,
    });
  }

  get counts(): SimulatedCounts {
    const { connections, opened, marketConnections, market, framesSent, slowClientsClosed } = this.venue.host;
    return {
      connections: connections.length,
      opened,
      lines: marketConnections.length,
      tradesMade: market?.made ?? 0,
      tradesLeftOut: (market?.leftOut ?? 0) + (this.clock?.forgiven ?? 0),
      framesSent,
      slowClientsClosed,
    };
  }

  /**
   * Sends what is due. `monotonic` and `elapsedMs` are of a monotonic clock, `now` is since 1970; all in milliseconds.
   */
  slice(monotonic: number, elapsedMs: number, now: number): void {
    const { host, streams, socket } = this.venue;
    this.clock?.slice(monotonic, now);
    streams.slice(now);
    socket.slice?.(now);
    this.pings.slice(host.connections, now);
    for (const connection of host.connections) {
      connection.flush(elapsedMs);
      if (connection.tooSlow) {
        host.slowClientsClosed++;
        connection.ws.terminate();
      }
    }
  }

  /** Answers a WebSocket handshake; `path` is below the venue's prefix. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer, asked: string, query: URLSearchParams): void {
    const { host, socket: venueSocket } = this.venue;
    const { path, dataOnly } = this.at(asked);
    const role = venueSocket.role(path);
    const refusal = role && (this.refusal(Date.now(), dataOnly) ?? venueSocket.refuses?.(path, query));
    if (role === undefined || refusal !== undefined) {
      refuseUpgrade(request, socket, refusal ?? { status: 404, body: '' });
      return;
    }
    this.server.handleUpgrade(request, socket, head, (ws) => {
      socket.setNoDelay(true);
      const connection = host.connect(role, ws, socket, Date.now());
      this.listen(ws, connection);
      this.onOpen();
      if (host.faults.closesAtOnce) {
        connection.close(1001, 'simulated');
        return;
      }
      venueSocket.opened?.(connection, path, query);
    });
  }

  rest(request: IncomingMessage, response: ServerResponse, asked: string, query: URLSearchParams): void {
    const { host, rest } = this.venue;
    const { path, dataOnly } = this.at(asked);
    const now = Date.now();
    const refused = this.standing(dataOnly) ?? host.faults.restRefusal;
    if (refused !== undefined) respond(response, this.refused(refused, now));
    else if (request.method !== 'GET') respond(response, { status: 405, body: '' });
    else respond(response, rest.answer({ path, dataOnly, query, headers: request.headers, now }));
  }

  private at(asked: string): { readonly path: string; readonly dataOnly: boolean } {
    const dataOnly = this.venue.host.id === 'binance' && asked.startsWith(`${DATA_ONLY}/`);
    return { path: dataOnly ? asked.slice(DATA_ONLY.length) : asked, dataOnly };
  }

  private standing(dataOnly: boolean): Refusal | undefined {
    const { refusal, mainRefusal } = this.venue.host.faults;
    return refusal ?? (dataOnly ? undefined : mainRefusal);
  }

  private listen(ws: WebSocket, connection: Connection): void {
    const { host, socket } = this.venue;
    // After our close frame, messages are ignored: the client may not have read the frame yet.
    const isIgnored = () => connection.interference?.frozen === true || !host.connections.includes(connection);
    ws.on('message', (data, binary) => {
      if (!isIgnored()) socket.message(connection, binary ? '' : data.toString(), Date.now());
    });
    ws.on('ping', (data: Buffer) => {
      if (isIgnored()) return;
      socket.heartbeat?.(connection, Date.now());
      connection.answer('pong', data.toString('latin1'));
    });
    ws.on('pong', (data: Buffer) => {
      if (isIgnored()) return;
      socket.heartbeat?.(connection, Date.now());
      this.pings.answered(connection, data.toString());
    });
    ws.on('close', () => host.connectionClosed(connection));
    // A TCP reset ends a connection like any other end: 'close' follows, so there is nothing to do here.
    ws.on('error', () => {});
  }

  private refusal(now: number, dataOnly: boolean): RestAnswer | undefined {
    const { host } = this.venue;
    const standing = this.standing(dataOnly);
    if (standing !== undefined) return this.refused(standing, now);
    if (!this.connectionLimit) return undefined;
    this.attempts = this.attempts.filter((time) => now - time < ATTEMPTS_WINDOW_MS);
    this.attempts.push(now);
    if (this.attempts.length <= host.spec.connectionsPerFiveMinutes) return undefined;
    const oldest = this.attempts[0] ?? now;
    return this.refused(
      {
        status: host.spec.protocol === 'bybit' ? 403 : 429,
        retryAfter: Math.ceil((oldest + ATTEMPTS_WINDOW_MS - now) / 1_000),
      },
      now,
    );
  }

  private refused({ status, retryAfter }: Refusal, now: number): RestAnswer {
    const headers: Record<string, string> = retryAfter === undefined ? {} : { 'Retry-After': `${retryAfter}` };
    return { ...this.venue.rest.refusal(status, now), headers };
  }
}

export function respond(
  response: ServerResponse,
  { status, headers, contentType = 'application/json;charset=UTF-8', body }: RestAnswer,
): void {
  response.writeHead(status, { ...headers, 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

/** Answers a handshake with a plain HTTP response and ends the connection. */
export function refuseUpgrade(request: IncomingMessage, socket: Socket, answer: RestAnswer): void {
  const response = new http.ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.on('finish', () => socket.end());
  socket.on('error', () => {});
  respond(response, answer);
}
