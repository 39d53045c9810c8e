import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { refuseOtherMethods, UNAUTHORIZED } from '../rest/endpoint.ts';
import type { GatewayMetrics } from './metrics.ts';

/** `/metrics`: all metrics as text, for Prometheus. */
export function addMetrics(app: FastifyInstance, metrics: GatewayMetrics, withToken: boolean): void {
  const text = { description: "Prometheus' text format", content: { 'text/plain': { schema: Type.String() } } };
  app.get(
    '/metrics',
    {
      schema: {
        summary: 'All figures for Prometheus',
        tags: ['health'],
        querystring: Type.Object({}),
        response: { 200: text, ...(withToken ? UNAUTHORIZED : {}) },
        ...(withToken ? { security: [{ token: [] }] } : {}),
      },
    },
    async (_request, reply) => reply.type(metrics.contentType).serializer(String).send(metrics.text()),
  );
  refuseOtherMethods(app, '/metrics');
}
