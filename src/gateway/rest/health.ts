import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { ApiError } from '../api/api-error.ts';
import { HealthAnswer, Readiness } from '../api/feed-answers.ts';
import type { GatewayView } from '../view/view.ts';
import { notReady } from './answers.ts';
import { errorSchema, refuseOtherMethods } from './endpoint.ts';

const tags = ['health'];
const querystring = Type.Object({});

/** For probes, which mostly have no token: `/healthz` (the process lives), `/readyz` (the feed can be relied on). */
export function addHealth(app: FastifyInstance, view: GatewayView): void {
  app.get(
    '/healthz',
    { schema: { summary: 'The process lives', tags, querystring, response: { 200: HealthAnswer } } },
    async () => ({ status: 'ok' }),
  );
  const notReadyAnswer = { 503: errorSchema('not_ready: details.reasons says why') };
  app.get(
    '/readyz',
    {
      schema: {
        summary: 'The feed can be relied on',
        tags,
        querystring,
        response: { 200: Readiness, ...notReadyAnswer },
      },
    },
    async () => {
      const reasons = notReady(view);
      if (reasons.length > 0) throw new ApiError(503, 'not_ready', reasons.join('; '), { reasons });
      return { ready: true, reasons };
    },
  );
  for (const path of ['/healthz', '/readyz']) refuseOtherMethods(app, path);
}
