import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { Connection } from './connection.ts';
import type { ServerPings } from './server-pings.ts';
import type { Refusal } from './venue-host.ts';
import type { RestAnswer, SimulatedVenue } from './venue-protocol.ts';

const MAX_MESSAGE_BYTES = 65_536;
const ATTEMPTS_WINDOW_MS = 300_000;

export interface VenueDoorOptions {
  readonly venue: SimulatedVenue;
  readonly heartbeat: ServerPings;
  readonly connectionLimit: boolean;
  readonly compression: boolean;
  /** Called when a connection is open, before the venue's protocol sees it. */
  readonly onOpen: () => void;
}

/** Where clients come in to one venue: WebSocket handshakes and REST requests, admitted or refused. */
export class VenueDoor {
  private readonly options: VenueDoorOptions;
  private readonly server: WebSocketServer;
  private attempts: number[] = [];

  constructor(options: VenueDoorOptions) {
    this.options = options;
    this.server = new WebSocketServer({
      noServer: true,
      perMessageDeflate: options.compression,
      maxPayload: MAX_MESSAGE_BYTES,
      autoPong: false,
    });
  }

  /** A WebSocket handshake at `path` below the venue's prefix. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, path: string, query: URLSearchParams): void {
    const { venue, onOpen } = this.options;
    const { host, socket: venueSocket } = venue;
    const role = venueSocket.role(path);
    if (role === undefined) {
      refuseUpgrade(socket, { status: 404, body: '' });
      return;
    }
    const refusal = this.refusal(Date.now()) ?? venueSocket.refuses?.(path, query);
    if (refusal !== undefined) {
      refuseUpgrade(socket, refusal);
      return;
    }
    if (!(socket instanceof Socket)) {
      socket.destroy();
      return;
    }
    this.server.handleUpgrade(request, socket, head, (ws) => {
      socket.setNoDelay(true);
      const connection = new Connection(++host.opened, role, ws, socket, Date.now(), (leaving) => host.left(leaving));
      host.connections.push(connection);
      this.listen(ws, connection);
      onOpen();
      if (host.closesAtOnce) {
        connection.close(1001, 'simulated');
        return;
      }
      venueSocket.opened?.(connection, path, query);
    });
  }

  rest(request: IncomingMessage, response: ServerResponse, path: string, query: URLSearchParams): void {
    const { host, rest } = this.options.venue;
    const now = Date.now();
    const refused = host.refusal ?? host.restRefusal;
    if (refused !== undefined) respond(response, this.refused(refused, now));
    else if (request.method !== 'GET') respond(response, { status: 405, body: '' });
    else respond(response, rest.answer({ path, query, headers: request.headers, now }));
  }

  private listen(ws: WebSocket, connection: Connection): void {
    const { host, socket } = this.options.venue;
    // Also behind our close frame, which it may not have read yet, nothing is heard of it.
    const deaf = () => connection.interference?.frozen === true || !host.connections.includes(connection);
    ws.on('message', (data, binary) => {
      if (!deaf()) socket.message(connection, binary ? '' : data.toString(), Date.now());
    });
    ws.on('ping', (data: Buffer) => {
      if (deaf()) return;
      socket.heartbeat?.(connection, Date.now());
      if (ws.readyState === ws.OPEN) ws.pong(data);
    });
    ws.on('pong', (data: Buffer) => {
      if (deaf()) return;
      socket.heartbeat?.(connection, Date.now());
      this.options.heartbeat.answered(connection, data.toString());
    });
    ws.on('close', () => host.left(connection));
    // A reset is an ordinary end here; 'close' follows and does the rest.
    ws.on('error', () => {});
  }

  private refusal(now: number): RestAnswer | undefined {
    const { venue, connectionLimit } = this.options;
    const { host } = venue;
    if (host.refusal !== undefined) return this.refused(host.refusal, now);
    if (!connectionLimit) return undefined;
    this.attempts = this.attempts.filter((time) => now - time < ATTEMPTS_WINDOW_MS);
    this.attempts.push(now);
    if (this.attempts.length <= host.profile.connectionsPerFiveMinutes) return undefined;
    const oldest = this.attempts[0] ?? now;
    return this.refused(
      {
        status: host.profile.protocol === 'bybit' ? 403 : 429,
        retryAfter: Math.ceil((oldest + ATTEMPTS_WINDOW_MS - now) / 1_000),
      },
      now,
    );
  }

  private refused({ status, retryAfter }: Refusal, now: number): RestAnswer {
    const headers: Record<string, string> = retryAfter === undefined ? {} : { 'Retry-After': `${retryAfter}` };
    return { status, headers, ...this.options.venue.rest.refusalBody(status, now) };
  }
}

/** Writes an answer. */
export function respond(
  response: ServerResponse,
  { status, headers, contentType = 'application/json;charset=UTF-8', body }: RestAnswer,
): void {
  response.writeHead(status, { ...headers, 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

/** Answers a handshake with a plain HTTP response and ends the connection. */
export function refuseUpgrade(
  socket: Duplex,
  { status, headers = {}, contentType = 'application/json;charset=UTF-8', body }: RestAnswer,
): void {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`,
    'Connection: close',
    `Content-Type: ${contentType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.on('error', () => {});
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
