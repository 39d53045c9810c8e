import { COUNTRY_PAGE, FIREWALL_PAGE, RESTRICTED_LOCATION } from '../faults/refusal-pages.ts';
import { RestError, RestLimit, rowLimit } from '../rest.ts';
import type { VenueHost } from '../venue-host.ts';
import type { RestAnswer, SimulatedRest, VenueRequest } from '../venue-protocol.ts';
import type { BinanceDepth } from './binance-depth.ts';
import {
  aggTradeRows,
  dayRow,
  klineRows,
  missing,
  type RowsOf,
  statusOf,
  symbolRow,
  tradeRows,
} from './binance-rest-rows.ts';

/** A request's weight at Binance and at Binance US, and the body of its answer. @throws RestError */
type Route = readonly [weight: Weight, usWeight: Weight, body: (request: VenueRequest) => string];
type Weight = number | ((query: URLSearchParams) => number);

const BAN_MS = 120_000;
const WARNINGS = 20;

/** Answers requests like Binance's public REST interface, from a venue's market or capture: weights, limits, errors. */
export function binanceRest(host: VenueHost, books: BinanceDepth): SimulatedRest {
  const { restLimit } = host.spec;
  const limit = new RestLimit({ ...restLimit, warnings: WARNINGS, banMs: BAN_MS });
  const isUs = host.id === 'binance_us';
  const dayWeight = (query: URLSearchParams) => (query.has('symbol') ? 2 : 80);
  const routes: Readonly<Record<string, Route>> = {
    '/api/v3/ping': [1, 1, () => '{}'],
    '/api/v3/time': [1, 1, ({ now }) => `{"serverTime":${now}}`],
    '/api/v3/exchangeInfo': [20, 10, (request) => exchangeInfo(host, request)],
    '/api/v3/trades': [25, 1, (request) => trades(host, request)],
    '/api/v3/historicalTrades': [25, 5, (request) => historicalTrades(host, request)],
    '/api/v3/aggTrades': [4, 1, (request) => rows(host, request, aggTradeRows)],
    '/api/v3/klines': [2, 1, (request) => rows(host, request, klineRows)],
    '/api/v3/depth': [
      depthWeight([5, 25, 50, 250]),
      depthWeight([1, 5, 10, 50]),
      ({ query }) => depth(host, books, query),
    ],
    '/api/v3/ticker/24hr': [dayWeight, dayWeight, (request) => dayTickers(host, request)],
  };
  return {
    limit,
    answer(request) {
      const { path, query, now, dataOnly } = request;
      const route = routes[path];
      if (route === undefined || (dataOnly && path === '/api/v3/historicalTrades'))
        return { status: 404, body: '<html><body>Not Found</body></html>', contentType: 'text/html' };
      const weight = isUs ? route[1] : route[0];
      const result = limit.take(typeof weight === 'number' ? weight : weight(query), now);
      const used = { 'X-MBX-USED-WEIGHT': `${result.used}`, 'X-MBX-USED-WEIGHT-1M': `${result.used}` };
      if (result.kind === 'allowed') return { ...answered(route, request), headers: used };
      const headers = { ...used, 'Retry-After': `${result.retryAfter}` };
      if (result.kind === 'limited') return { ...tooMuchWeight(restLimit.amount), headers };
      return { ...banned(now + result.retryAfter * 1_000), headers };
    },
    refusal(status, now) {
      if (status === undefined && isUs) return { status: 403, body: COUNTRY_PAGE, contentType: 'text/html' };
      if (status === undefined || status === 451) return { status: 451, body: RESTRICTED_LOCATION };
      if (status === 429) return tooMuchWeight(restLimit.amount);
      if (status === 418) return banned(now + BAN_MS);
      if (status === 403) return { status, body: FIREWALL_PAGE, contentType: 'text/html' };
      return { status, body: '{"code":-1000,"msg":"An unknown error occurred while processing the request."}' };
    },
  };
}

function exchangeInfo(host: VenueHost, { query, now }: VenueRequest): string {
  const single = query.get('symbol');
  const list = query.get('symbols');
  const wanted = list === null ? (single === null ? undefined : [single]) : parsedList(list);
  if (wanted?.some((symbol) => !host.lists(symbol)) === true) throw invalidSymbol();
  const status = query.get('symbolStatus');
  const symbols = (wanted ?? host.listedSymbols)
    .filter((symbol) => status === null || status === statusOf(host, symbol))
    .map((symbol) => symbolRow(host, symbol))
    .join(',');
  const limits =
    `[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":${host.spec.restLimit.amount}},` +
    '{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":100},' +
    '{"rateLimitType":"RAW_REQUESTS","interval":"MINUTE","intervalNum":5,"limit":300000}]';
  return `{"timezone":"UTC","serverTime":${now},"rateLimits":${limits},"exchangeFilters":[],"symbols":[${symbols}]}`;
}

function trades(host: VenueHost, request: VenueRequest): string {
  const query = new URLSearchParams(request.query);
  query.delete('fromId');
  return rows(host, { ...request, query }, tradeRows);
}

function historicalTrades(host: VenueHost, request: VenueRequest): string {
  if (host.id === 'binance_us' && request.headers['x-mbx-apikey'] === undefined)
    throw new RestError(-2014, 'API-key format invalid.', 401);
  return rows(host, request, tradeRows);
}

function rows(host: VenueHost, request: VenueRequest, rowsOf: RowsOf): string {
  const symbol = symbolOf(host, request.query);
  requireNumbers(request.query);
  return `[${rowsOf(host, symbol, request, rowLimit(request.query, 500, 1_000)).join(',')}]`;
}

function depth(host: VenueHost, books: BinanceDepth, query: URLSearchParams): string {
  const symbol = symbolOf(host, query);
  requireNumbers(query);
  if (host.faults.symbolsWithEmptyBooks.has(symbol)) return '{"lastUpdateId":-1,"bids":[],"asks":[]}';
  const instrument = host.instrument(symbol);
  if (instrument !== undefined) return books.snapshot(instrument, rowLimit(query, 100, 5_000));
  return host.capture?.depthBody(symbol) ?? '{"lastUpdateId":0,"bids":[],"asks":[]}';
}

/** Returns the weight of a depth request. `weights` are for up to 100, 500 and 1,000 levels, and for more levels. */
function depthWeight(weights: readonly [number, number, number, number]): Weight {
  return (query) => {
    const levels = rowLimit(query, 100, 5_000);
    const at = [100, 500, 1_000].findIndex((most) => levels <= most);
    return weights[at] ?? weights[3];
  };
}

function dayTickers(host: VenueHost, { query, now }: VenueRequest): string {
  if (!query.has('symbol')) return `[${host.instruments.map((instrument) => dayRow(instrument, now)).join(',')}]`;
  const instrument = host.instrument(symbolOf(host, query));
  if (instrument === undefined) throw invalidSymbol();
  return dayRow(instrument, now);
}

function symbolOf(host: VenueHost, query: URLSearchParams): string {
  const symbol = query.get('symbol');
  if (symbol === null || symbol === '') throw missing('symbol');
  if (!/^[\w.\-\u4e00-\u9fff]{1,50}$/.test(symbol)) throw illegalCharacters('symbol');
  if (!host.lists(symbol)) throw invalidSymbol();
  return symbol;
}

function tooMuchWeight(amount: number): RestAnswer {
  const reason = `Too much request weight used; current limit is ${amount} request weight per 1 MINUTE.`;
  return error(429, -1003, `${reason} Please use WebSocket Streams for live updates to avoid polling the API.`);
}

function banned(until: number): RestAnswer {
  const reason = `Way too much request weight used; IP banned until ${until}.`;
  return error(418, -1003, `${reason} Please use WebSocket Streams for live updates to avoid bans.`);
}

function answered(route: Route, request: VenueRequest): RestAnswer {
  try {
    return { status: 200, body: route[2](request) };
  } catch (refusal) {
    if (refusal instanceof RestError) return error(refusal.status, refusal.code, refusal.message);
    throw refusal;
  }
}

function error(status: number, code: number, message: string): RestAnswer {
  return { status, body: `{"code":${code},"msg":${JSON.stringify(message)}}` };
}

function invalidSymbol(): RestError {
  return new RestError(-1121, 'Invalid symbol.');
}

function illegalCharacters(parameter: string, hint = ''): RestError {
  return new RestError(-1100, `Illegal characters found in parameter '${parameter}'${hint}.`);
}

function requireNumbers(query: URLSearchParams): void {
  for (const name of ['fromId', 'startTime', 'endTime', 'limit'])
    if (!/^\d{1,20}$/.test(query.get(name) ?? '1')) throw illegalCharacters(name, "; legal range is '^[0-9]{1,20}$'");
  if (Number(query.get('limit') ?? 1) === 0)
    throw new RestError(-1130, "Data sent for parameter 'limit' is not valid.");
}

function parsedList(text: string): readonly string[] {
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list;
  } catch {
    // The request is refused below.
  }
  throw illegalCharacters('symbols');
}
