import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../api/api-error.ts';
import { limitConnections } from './connection-limit.ts';
import { RequestsInFlight } from './requests-in-flight.ts';
import { refuseConnection } from './unreadable-request.ts';

export interface LimitSettings {
  readonly requestsPerMinute: number;
  /** Maximum number of open connections of one IP address. */
  readonly connectionsPerAddress: number;
}

/** Requests of a connection whose answers wait. Browsers send one at a time; other clients may send a few ahead. */
const IN_FLIGHT_PER_CONNECTION = 16;
const IN_FLIGHT_IN_ALL = 1000;
/** Maximum number of open connections of all addresses. */
const MAX_CONNECTIONS = 5000;
/** The limits for all clients together must not stop this path, because orchestrators restart what does not answer. */
const LIVENESS = '/healthz';

/** Adds the limits of connections and requests. They apply to every path, unless a path is named here. */
export async function addLimits(app: FastifyInstance, settings: LimitSettings): Promise<void> {
  app.server.maxConnections = MAX_CONNECTIONS;
  const { connectionsPerAddress, requestsPerMinute } = settings;
  const tooMany = `at most ${connectionsPerAddress} connections of one address are allowed`;
  limitConnections(app.server, connectionsPerAddress, (socket) =>
    refuseConnection(socket, '503 Service Unavailable', 'too_many_connections', tooMany),
  );
  const inFlight = new RequestsInFlight({ perConnection: IN_FLIGHT_PER_CONNECTION, inAll: IN_FLIGHT_IN_ALL });
  app.addHook('onRequest', async (request, reply) => limitInFlight(inFlight, request, reply));
  app.addHook('onRequest', async (request, reply) => refuseBody(request, reply));
  await app.register(rateLimit, { global: false });
  const count = app.createRateLimit({ max: requestsPerMinute, timeWindow: 60_000 });
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.url === LIVENESS) return;
    const counted = await count(request);
    if (counted.isAllowed || !counted.isExceeded) return;
    reply.header('retry-after', counted.ttlInSeconds);
    const message = `${requestsPerMinute} requests a minute are allowed; retry in ${counted.ttlInSeconds} s`;
    const details = { requests_per_minute: requestsPerMinute, retry_after_seconds: counted.ttlInSeconds };
    throw new ApiError(429, 'too_many_requests', message, details);
  });
}

/** @throws ApiError with status 503 if too many answers wait. */
function limitInFlight(inFlight: RequestsInFlight, request: FastifyRequest, reply: FastifyReply): void {
  if (request.ws) return;
  const refusal = inFlight.enter(request.raw.socket, reply.raw);
  if (refusal === 'perConnection') {
    reply.header('connection', 'close');
    const message = `more than ${IN_FLIGHT_PER_CONNECTION} answers wait for this connection: read them first`;
    throw new ApiError(503, 'too_many_requests_in_flight', message, { per_connection: IN_FLIGHT_PER_CONNECTION });
  }
  // The connection closes after the first refusal, so later requests get no answer.
  if (refusal === 'refused before') reply.hijack();
  if (refusal === 'inAll' && request.routeOptions.url !== LIVENESS) {
    const message = `${IN_FLIGHT_IN_ALL} answers wait for clients that do not read; try again later`;
    throw new ApiError(503, 'too_many_requests_in_flight', message, { in_all: IN_FLIGHT_IN_ALL });
  }
}

/** No path takes a body. The connection closes, because the rest of the body may never come. @throws ApiError (400) */
function refuseBody({ method, headers }: FastifyRequest, reply: FastifyReply): void {
  if (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0) return;
  reply.header('connection', 'close');
  if (method === 'GET' || method === 'HEAD')
    throw new ApiError(400, 'bad_request', `a ${method} request must not have a body`, { method });
}
