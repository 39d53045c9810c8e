import type { FastifyInstance, FastifySchema, RouteHandlerMethod } from 'fastify';
import { type Static, type TObject, type TProperties, type TSchema, type TUnsafe, Type } from 'typebox';
import { ApiError, allowedBy, invalidParameter } from '../api/api-error.ts';
import { ErrorAnswer } from '../api/fields.ts';
import type { SymbolSeries } from '../view/symbol-series.ts';
import type { GatewayView } from '../view/view.ts';

/** One GET of the API: its parameters, its answer, and the function that makes it. */
export interface Endpoint {
  readonly path: string;
  readonly summary: string;
  readonly tag: 'feed' | 'asset';
  readonly params?: TObject;
  readonly query: TProperties;
  readonly answer: TSchema;
  readonly respond: (query: unknown, params: unknown) => unknown;
}

/** An optional parameter that the handler always gets: Fastify's validator fills in the default. */
export const defaulted = <T extends TSchema>(schema: T): TUnsafe<Static<T>> =>
  Type.Unsafe<Static<T>>(Type.Optional(schema));

/** Casts a value that Fastify has validated by the schema of its type. */
const validated = <T>(value: unknown): T => value as T;

const SymbolParams = Type.Object({
  symbol: Type.String({
    minLength: 1,
    maxLength: 40,
    description: 'Canonical symbol or coin, any case: BTCUSDT, btcusdt, BTC',
    examples: ['BTCUSDT'],
  }),
});

/** The parameter `limit`. */
export const limitOf = (fallback: number, maximum = 1000) =>
  defaulted(Type.Integer({ minimum: 1, maximum, default: fallback, description: 'Maximum number of items' }));

/** An endpoint about the whole feed. */
export function feedEndpoint<A extends TSchema, Q extends TProperties>(
  path: string,
  summary: string,
  query: Q,
  answer: A,
  respond: (query: Static<TObject<Q>>) => Static<A> | Promise<Static<A>>,
): Endpoint {
  return { path, summary, tag: 'feed', query, answer, respond: (asked) => respond(validated(asked)) };
}

/** Makes endpoints about one symbol. All take `venue`, for feeds that publish several. */
export function assetEndpoints(view: GatewayView) {
  return <A extends TSchema, Q extends TProperties>(
    path: string,
    summary: string,
    query: Q,
    answer: A,
    respond: (series: SymbolSeries, query: Static<TObject<Q>>) => Static<A> | Promise<Static<A>>,
  ): Endpoint => ({
    path: `/api/assets/crypto/:symbol/${path}`,
    summary,
    tag: 'asset',
    params: SymbolParams,
    query: { ...query, venue: Type.Optional(VenueName) },
    answer,
    respond: (asked, params) => {
      const { symbol } = validated<Static<typeof SymbolParams>>(params);
      const { venue } = validated<{ readonly venue?: string }>(asked);
      return respond(seriesOf(view, symbol, venue), validated(asked));
    },
  });
}

const VenueName = Type.Enum(['bybit', 'binance', 'binance_us', 'binance_testnet'], {
  description: 'The venue, if several are published (mode all); default: the first known',
});

/** @throws ApiError with status 404 if the symbol is unknown. */
export function knownSymbol(view: GatewayView, name: string): string {
  const symbol = view.symbolOf(name);
  if (symbol !== undefined) return symbol;
  throw unknownSymbol(view, name);
}

export function unknownSymbol(view: GatewayView, name: string): ApiError {
  const nearest = view.nearestSymbol(name);
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  return new ApiError(404, 'unknown_symbol', `${name} is not among the symbols of this feed${hint}`, {
    symbol: name,
    ...(nearest === undefined ? {} : { nearest }),
  });
}

function seriesOf(view: GatewayView, name: string, venue: string | undefined): SymbolSeries {
  const symbol = knownSymbol(view, name);
  const series = view.series(symbol, venue);
  if (series !== undefined) return series;
  const served = view.series(symbol)?.id.venue;
  const why = served === undefined ? 'no data yet' : `${served} serves it, no data of ${venue} is published`;
  throw noData(symbol, why, { symbol, ...(served === undefined ? {} : { served_by: served }) });
}

export function noData(symbol: string, why: string, details: Readonly<Record<string, unknown>> = { symbol }): ApiError {
  return new ApiError(404, 'no_data', `${symbol}: ${why}`, details);
}

export const errorSchema = (description: string): TSchema => Type.Unsafe({ ...ErrorAnswer, description });
const BAD_REQUEST = {
  400: errorSchema('A parameter is wrong: details.field names it, details.allowed names the allowed values'),
};
const NOT_FOUND = { 404: errorSchema('unknown_symbol: no such symbol; no_data: the symbol has no data yet') };
const UNAUTHORIZED = { 401: errorSchema('A token is configured, and the request has another token or none') };
/** The answer to too many requests in a minute; every path except `/healthz` has this limit. */
export const TOO_MANY = {
  429: errorSchema('More requests in a minute than are allowed; retry-after says when to retry'),
};
const UNKNOWN_HOST = { 421: errorSchema('unknown_host: the gateway listens on loopback, and Host is another name') };
const TOO_MANY_IN_FLIGHT = { 503: errorSchema('too_many_requests_in_flight: too many answers wait to be read') };
/** The answers of an endpoint that asks venues. */
const FROM_VENUES = {
  502: errorSchema('venue_failed: the venue refused the request or did not answer; message says why'),
  503: errorSchema('venue_busy: too many requests wait for venues. too_many_requests_in_flight: as for all paths'),
};

export function addEndpoint(app: FastifyInstance, endpoint: Endpoint, withToken: boolean): void {
  const { path, summary, tag, params, query, answer, respond } = endpoint;
  const asksForSymbol = params !== undefined || 'symbol' in query;
  const schema = {
    summary,
    tags: [tag],
    ...(params === undefined ? {} : { params }),
    querystring: Type.Object(query, { additionalProperties: false }),
    response: {
      200: answer,
      ...BAD_REQUEST,
      ...(asksForSymbol ? NOT_FOUND : {}),
      ...('before' in query ? FROM_VENUES : {}),
      ...TOO_MANY,
    },
  };
  addGet(app, path, withToken ? protectedBy(schema) : schema, async (request) => {
    refuseInfinite(request.query, query);
    return respond(request.query, request.params);
  });
}

/**
 * The schemas do not check infinite numbers, because Ajv asks only finite numbers for limits. @throws ApiError (400)
 */
function refuseInfinite(given: unknown, schemas: TProperties): void {
  for (const [field, value] of Object.entries(Object(given)))
    if (typeof value === 'number' && !Number.isFinite(value))
      throw invalidParameter(field, `${field} must be finite`, allowedBy({ ...schemas[field] }), String(value));
}

interface GetSchema extends FastifySchema {
  readonly response: Readonly<Record<number, unknown>>;
}

/** Documents in an endpoint's schema that it needs the token. */
export function protectedBy<S extends GetSchema>(schema: S) {
  return { ...schema, response: { ...schema.response, ...UNAUTHORIZED }, security: [{ token: [] }] };
}

/** Adds a GET route; other methods get 405. */
export function addGet(app: FastifyInstance, url: string, schema: GetSchema, handler: RouteHandlerMethod): void {
  const response = { ...UNKNOWN_HOST, ...TOO_MANY_IN_FLIGHT, ...schema.response };
  app.route({ method: 'GET', url, schema: { ...schema, response }, handler });
  app.route({
    method: ['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'QUERY'],
    url,
    schema: { hide: true },
    onRequest: async ({ method }, reply) => {
      reply.header('allow', 'GET, HEAD');
      throw new ApiError(405, 'method_not_allowed', `${method} is not allowed here, only GET is`, { method });
    },
    handler: async () => undefined,
  });
}
