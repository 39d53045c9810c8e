import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isUpgrade } from '../api/access.ts';
import { ApiError } from '../api/api-error.ts';
import type { StreamChannel, Subscription } from '../api/stream-messages.ts';
import { knownSymbol } from '../rest/endpoint.ts';
import type { GatewayView } from '../view/view.ts';
import type { StreamHub } from './stream.ts';

/** Every WebSocket path begins like this. */
export const STREAMS = '/ws/';

/** The WebSocket paths. A client of a path with a channel gets that channel, and may send no requests. */
const ROUTES: readonly (readonly [path: string, channel?: StreamChannel])[] = [
  [STREAMS],
  [`${STREAMS}status/`, 'status'],
  [`${STREAMS}asset/:symbol/prices/`, 'prices'],
  [`${STREAMS}asset/:symbol/trades/`, 'trades'],
];

/** Adds the WebSocket paths. They refuse with 404 (unknown symbol), 426 (no upgrade) or 503 (too many clients). */
export function addStreams(app: FastifyInstance, view: GatewayView, hub: StreamHub): void {
  for (const [path, channel] of ROUTES) {
    const fixed = (request: FastifyRequest): Subscription | undefined => {
      if (channel === undefined) return undefined;
      const { symbol }: { readonly symbol?: string } = Object(request.params);
      return { op: 'subscribe', channel, ...(symbol !== undefined && { symbols: [knownSymbol(view, symbol)] }) };
    };
    app.route({
      method: 'GET',
      url: path,
      schema: { hide: true },
      preHandler: async (request) => {
        if (!isUpgrade(request)) return;
        fixed(request);
        if (hub.isFull) {
          const message = 'there are as many WebSocket clients as are allowed; try again later';
          throw new ApiError(503, 'too_many_clients', message, { max_clients: hub.stats.max_clients });
        }
      },
      handler: async (_request, reply) => {
        reply.header('upgrade', 'websocket');
        throw new ApiError(426, 'upgrade_required', 'this path speaks WebSocket');
      },
      wsHandler: (socket, request) => hub.join(socket, request.raw.socket, fixed(request)),
    });
  }
}
