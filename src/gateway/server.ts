import cors from '@fastify/cors';
import etag from '@fastify/etag';
import websocket from '@fastify/websocket';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { hasToken, isAllowedOrigin, isUpgrade, tokenOf } from './api/access.ts';
import { ApiError, answerError, notFound } from './api/api-error.ts';
import { type HostSettings, hostCheck } from './api/host.ts';
import { addLimits, type LimitSettings } from './limits/limits.ts';
import { refuseUnreadable } from './limits/unreadable-request.ts';
import type { GatewayMetrics } from './metrics/metrics.ts';
import { addAsyncApi } from './pages/async-api.ts';
import { compressAnswers } from './pages/compress.ts';
import { addDashboard } from './pages/dashboard.ts';
import { addOpenApi } from './pages/open-api.ts';
import { bookEndpoints } from './rest/book-endpoints.ts';
import { addEndpoint } from './rest/endpoint.ts';
import { type FetchBest, feedEndpoints } from './rest/feed-endpoints.ts';
import { addHealth, addMetrics } from './rest/health.ts';
import { type TradeDefaults, tradeEndpoints } from './rest/trade-endpoints.ts';
import type { StreamHub } from './stream/stream.ts';
import { addStreams, STREAMS } from './stream/stream-routes.ts';
import { WEB_SOCKET_OPTIONS } from './stream/web-socket-options.ts';
import type { KlineHistoryOptions } from './view/kline-history.ts';
import type { GatewayView } from './view/view.ts';

export interface ServerSettings extends LimitSettings, HostSettings {
  /** The required token; null: none is required. */
  readonly token: string | null;
}

export interface ServerOptions extends TradeDefaults, KlineHistoryOptions {
  readonly settings: ServerSettings;
  readonly log: (level: 'info' | 'warn', message: string, fields: object) => void;
  readonly view: GatewayView;
  readonly hub: StreamHub;
  readonly metrics: GatewayMetrics;
  readonly fetchBest: FetchBest;
  /** The dashboard's files; without them `/` explains how to build them. */
  readonly dashboardDir?: string;
  /** A request must have come as a whole within this time, milliseconds. Default 30,000. */
  readonly requestTimeoutMs?: number;
}

const MAX_BODY_BYTES = 16 * 1024;
/** Maximum length of a path parameter: as Node's limit of a request's head, so that the schemas decide first. */
const MAX_URL = 16 * 1024;
/** An idle HTTP connection is closed after this time; WebSockets have their own rule. */
const IDLE_AFTER_MS = 60_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** How often the server looks for requests that are too slow, within the time that a request may take. */
const TIMEOUT_CHECKS = 10;

/** Our pages load nothing from other hosts, and no page may frame them. */
const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};

/** Creates the HTTP server with all its routes; it does not listen yet. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const { settings, view, dashboardDir, log, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options;
  const unexpected = (error: Error): void =>
    log('warn', `a request failed: ${error.message}`, { event: 'request_failed', err: error });
  const app = Fastify({
    logger: false,
    forceCloseConnections: true,
    http: {
      // Requests for other upgrades are answered as plain HTTP.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
      connectionsCheckingInterval: Math.ceil(requestTimeoutMs / TIMEOUT_CHECKS),
      headersTimeout: requestTimeoutMs,
    },
    requestTimeout: requestTimeoutMs,
    connectionTimeout: IDLE_AFTER_MS,
    bodyLimit: MAX_BODY_BYTES,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_URL },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true, verbose: true } },
    clientErrorHandler: (error, socket) => refuseUnreadable(error, socket),
    frameworkErrors: (error, _request, reply) => void answerError(error, reply, unexpected),
  });
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.setErrorHandler<FastifyError>((error, _request, reply) => answerError(error, reply, unexpected));
  app.setNotFoundHandler((request) => {
    throw notFound(request);
  });
  app.addHook('onRequest', async (_request, reply) => void reply.headers(SECURITY_HEADERS));
  await app.register(etag, { weak: true });
  compressAnswers(app);
  await app.register(cors, { origin: origins(settings), methods: ['GET', 'HEAD'], strictPreflight: false });
  await app.register(websocket, {
    options: WEB_SOCKET_OPTIONS,
    errorHandler: (_error, socket) => socket.terminate(),
    preClose: (done) => {
      app.websocketServer.close();
      done();
    },
  });
  // Added after the hook of the WebSocket plugin, because that hook closes the connection of a refused request.
  await addLimits(app, settings);
  const checkHost = hostCheck(settings);
  app.addHook('onRequest', async (request) => {
    checkHost(request);
    checkUpgrade(request, settings);
  });
  await addOpenApi(app, settings.token !== null);
  await addAsyncApi(app);
  await app.register((data) => addData(data, options));
  const { token } = settings;
  addHealth(app, view, (request) => token === null || hasToken(request, token));
  await addDashboard(app, dashboardDir);
  await app.ready();
  return app;
}

/** Adds all routes with the feed's data. The token protects every route registered here. */
async function addData(data: FastifyInstance, options: ServerOptions): Promise<void> {
  const { settings, view, hub, metrics, fetchBest } = options;
  const { token } = settings;
  const withToken = token !== null;
  if (withToken) data.addHook('onRequest', async (request, reply) => checkToken(request, reply, token));
  await data.register(async (api) => {
    api.addHook('onRequest', async (_request, reply) => void reply.header('cache-control', 'no-cache'));
    const feed = feedEndpoints(view, { stats: () => hub.stats, fetchBest });
    for (const endpoint of [...feed, ...bookEndpoints(view), ...tradeEndpoints(view, options)])
      addEndpoint(api, endpoint, withToken);
  });
  addMetrics(data, metrics, withToken);
  addStreams(data, view, hub);
}

const origins = ({ allowedOrigins }: ServerSettings): string[] =>
  allowedOrigins.map((origin) => new URL(origin).origin);

/** @throws ApiError if a WebSocket's origin is not allowed (403), or its path is of another kind (400). */
function checkUpgrade(request: FastifyRequest, settings: ServerSettings): void {
  if (!isUpgrade(request)) return;
  if (!isAllowedOrigin(request, origins(settings))) {
    const message = 'pages of this origin may not open a WebSocket here; gateway.allowed_origins lists those that may';
    throw new ApiError(403, 'origin_not_allowed', message, { origin: request.headers.origin });
  }
  const { url } = request.routeOptions;
  if (url !== undefined && !url.startsWith(STREAMS))
    throw new ApiError(400, 'bad_request', `this path has no WebSocket; paths below ${STREAMS} have`);
}

/** @throws ApiError with status 401 if the token is missing or wrong. */
function checkToken(request: FastifyRequest, reply: FastifyReply, token: string): void {
  if (hasToken(request, token)) return;
  reply.header('www-authenticate', 'Bearer');
  const what = tokenOf(request) === undefined ? 'a token is needed' : 'the token is wrong';
  throw new ApiError(401, 'unauthorized', `${what}: Authorization: Bearer TOKEN`);
}
