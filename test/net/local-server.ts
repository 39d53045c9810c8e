import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** A WebSocket server on 127.0.0.1 that a test controls. */
export interface LocalServer {
  /** `ws://127.0.0.1:PORT/` */
  readonly url: string;
  /** Every connection so far, in order. */
  readonly connections: readonly WebSocket[];
  /** The raw sockets under `connections`. */
  readonly sockets: readonly Socket[];
  close(): Promise<void>;
}

export interface LocalServerOptions {
  onConnection?(connection: WebSocket): void;
  /** Answers the handshake over the raw socket, instead of accepting it. */
  readonly handshake?: (socket: Socket, request: IncomingMessage) => void;
  readonly compression?: boolean;
  readonly autoPong?: boolean;
}

export async function localServer(options: LocalServerOptions = {}): Promise<LocalServer> {
  const http = createServer((_request, response) => response.writeHead(404).end());
  const webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: options.compression === true ? { threshold: 0 } : false,
    autoPong: options.autoPong ?? true,
  });
  const connections: WebSocket[] = [];
  const sockets: Socket[] = [];
  const all = new Set<Socket>();
  http.on('connection', (socket) => {
    all.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => all.delete(socket));
  });
  http.on('upgrade', (request, duplex, head) => {
    // The `upgrade` event of an HTTP server passes the TCP socket as a Duplex.
    const socket = duplex as Socket;
    if (options.handshake !== undefined) {
      options.handshake(socket, request);
      return;
    }
    webSockets.handleUpgrade(request, socket, head, (connection) => {
      connection.on('error', () => {});
      connections.push(connection);
      sockets.push(socket);
      options.onConnection?.(connection);
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  // A server on a TCP port has an address of this type.
  const { port } = http.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}/`,
    connections,
    sockets,
    async close() {
      for (const socket of all) socket.destroy();
      http.close();
      await once(http, 'close');
    },
  };
}

/** A raw HTTP answer, closed after its body. */
export function httpAnswer(status: string, headers: Readonly<Record<string, string>>, body: string): string {
  const lines = Object.entries({ ...headers, 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close' });
  return `HTTP/1.1 ${status}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}
