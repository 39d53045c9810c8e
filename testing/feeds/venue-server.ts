import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Protocol } from '../../test/fixtures/bad-frames.ts';

const COINS = ['BTC', 'ETH'];

/**
 * A venue without a market of its own. It acknowledges every subscription and lists BTCUSDT and ETHUSDT. The test sends
 * everything else, good or bad. Close it with `await using`.
 */
export class VenueServer implements AsyncDisposable {
  readonly url: string;
  readonly httpUrl: string;
  /** Connections that have subscribed to market data, in the order of subscription. */
  readonly lines: WebSocket[] = [];
  readonly #close: () => Promise<void>;

  private constructor(port: number, close: () => Promise<void>) {
    this.url = `ws://127.0.0.1:${port}`;
    this.httpUrl = `http://127.0.0.1:${port}`;
    this.#close = close;
  }

  static async start(protocol: Protocol): Promise<VenueServer> {
    const http = createServer((_request, response) => response.end(JSON.stringify(instruments[protocol])));
    const sockets = new WebSocketServer({ server: http });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const venue = new VenueServer((http.address() as AddressInfo).port, async () => {
      for (const socket of sockets.clients) socket.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    });
    sockets.on('connection', (socket) => {
      socket.on('message', (data) => {
        const request = JSON.parse(data.toString()) as Request;
        socket.send(JSON.stringify(answers[protocol](request)));
        if (isSubscription(request) && !venue.lines.includes(socket)) venue.lines.push(socket);
      });
      socket.on('close', () => {
        const at = venue.lines.indexOf(socket);
        if (at !== -1) venue.lines.splice(at, 1);
      });
      socket.on('error', () => {});
    });
    return venue;
  }

  /** Sends a frame on every line. Resolves when the operating system has taken all of it. */
  async send(data: Buffer | string, binary = false): Promise<void> {
    await Promise.all(this.lines.map((line) => sendOn(line, data, binary)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

export function sendOn(line: WebSocket, data: Buffer | string, binary = false): Promise<void> {
  return new Promise((resolve) => line.send(data, { binary }, () => resolve()));
}

interface Request {
  readonly id?: number;
  readonly method?: string;
  readonly op?: string;
  readonly req_id?: string;
  readonly args?: readonly string[];
}

function isSubscription({ method, op, args = [] }: Request): boolean {
  return method === 'SUBSCRIBE' || (op === 'subscribe' && !args.includes('system.status'));
}

const answers: Readonly<Record<Protocol, (request: Request) => object>> = {
  binance: ({ id }) => ({ result: null, id }),
  bybit: ({ op, req_id }) => ({ success: true, ret_msg: op === 'ping' ? 'pong' : '', conn_id: 'test', req_id, op }),
};

const instruments: Readonly<Record<Protocol, object>> = {
  binance: {
    symbols: COINS.map((coin) => ({ symbol: `${coin}USDT`, baseAsset: coin, quoteAsset: 'USDT', status: 'TRADING' })),
  },
  bybit: {
    retCode: 0,
    retMsg: 'OK',
    result: {
      list: COINS.map((coin) => ({ symbol: `${coin}USDT`, baseCoin: coin, quoteCoin: 'USDT', status: 'Trading' })),
    },
  },
};
