import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { ApiError, notFound, pathOf } from '../api/api-error.ts';
import { HealthAnswer, Readiness } from '../api/feed-answers.ts';
import type { GatewayMetrics } from '../metrics/metrics.ts';
import type { GatewayView } from '../view/view.ts';
import { addGet, errorSchema, protectedBy, TOO_MANY } from './endpoint.ts';
import { feedHeadline, notReady } from './feed-headline.ts';

const common = { tags: ['health'], querystring: Type.Object({}) };

/**
 * Adds `/healthz` (the process runs) and `/readyz` (the feed can be relied on). Probes need no token for them, but only
 * requests that may read the data get the details of the reasons.
 */
export function addHealth(
  app: FastifyInstance,
  view: GatewayView,
  mayRead: (request: FastifyRequest) => boolean,
): void {
  const alive = { summary: 'The process runs', ...common, response: { 200: HealthAnswer } };
  addGet(app, '/healthz', alive, async () => ({ status: 'ok' }));
  const answers = {
    200: Readiness,
    ...TOO_MANY,
    503: errorSchema('not_ready: details.reasons says why; details.headline is the sentence of /api/status'),
  };
  addGet(app, '/readyz', { summary: 'The feed can be relied on', ...common, response: answers }, async (request) => {
    const said = feedHeadline(view, mayRead(request));
    const reasons = notReady(view, said);
    const headline = said.text;
    if (reasons.length > 0) throw new ApiError(503, 'not_ready', reasons.join('; '), { reasons, headline });
    return { ready: true, reasons, headline };
  });
}

/** Adds `/metrics`: all metrics as text, for Prometheus. */
export function addMetrics(app: FastifyInstance, metrics: GatewayMetrics, withToken: boolean): void {
  const text = { description: "Prometheus' text format", content: { 'text/plain': { schema: Type.String() } } };
  const schema = { summary: 'All metrics for Prometheus', ...common, response: { 200: text, ...TOO_MANY } };
  addGet(app, '/metrics', withToken ? protectedBy(schema) : schema, async (request, reply) => {
    // A proxy that blocks this path alone would let the path with a slash pass.
    if (pathOf(request).endsWith('/')) throw notFound(request);
    return reply.type(metrics.contentType).serializer(String).send(metrics.text());
  });
}
