import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isUpgrade } from '../api/access.ts';
import { ApiError } from '../api/api-error.ts';
import type { Subscription } from '../api/stream-messages.ts';
import { symbolOf } from '../rest/endpoint.ts';
import type { GatewayView } from '../view/view.ts';
import type { StreamHub } from './stream.ts';

/** A WebSocket path, and what it gets without asking; undefined: it asks. */
interface StreamRoute {
  readonly path: string;
  readonly subscription: ((symbol: string) => Subscription) | undefined;
}

const ROUTES: readonly StreamRoute[] = [
  { path: '/ws/', subscription: undefined },
  { path: '/ws/status/', subscription: () => ({ op: 'subscribe', channel: 'status' }) },
  {
    path: '/ws/asset/:symbol/prices/',
    subscription: (symbol) => ({ op: 'subscribe', channel: 'prices', symbols: [symbol] }),
  },
  {
    path: '/ws/asset/:symbol/trades/',
    subscription: (symbol) => ({ op: 'subscribe', channel: 'trades', symbols: [symbol] }),
  },
];

/** The WebSocket paths. What is wrong is told before the upgrade: 404, 426 where none is asked for, 503 where it is full. */
export function addStreams(app: FastifyInstance, view: GatewayView, hub: StreamHub): void {
  for (const { path, subscription } of ROUTES) {
    const fixed = (request: FastifyRequest): Subscription | undefined => {
      const { symbol }: { readonly symbol?: string } = Object(request.params);
      return subscription?.(symbol === undefined ? '' : symbolOf(view, symbol));
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
