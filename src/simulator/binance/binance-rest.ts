import { RestError, rowLimit } from '../rest/rest-error.ts';
import { RestLimit } from '../rest/rest-limit.ts';
import type { VenueHost } from '../venue-host.ts';
import type { RestAnswer, SimulatedRest, VenueRequest } from '../venue-protocol.ts';
import type { BinanceDepth } from './binance-depth.ts';
import { aggTradeRows, dayRow, klineRows, missing, type RowsOf, symbolRow, tradeRows } from './binance-rest-rows.ts';

interface Route {
  readonly weight: (query: URLSearchParams) => number;
  /** The answer's body. @throws RestError */
  readonly body: (request: VenueRequest) => string;
}

const BAN_MS = 120_000;
const WARNINGS = 20;

const REGION =
  "Service unavailable from a restricted location according to 'b. Eligibility' in https://www.binance.com/en/terms. " +
  'Please contact customer service if you believe you received this message in error.';

/** Binance's public REST interface over one venue's market or recording: weights, limits, errors. PROTOCOL facts 4. */
export class BinanceRest implements SimulatedRest {
  private readonly host: VenueHost;
  private readonly books: BinanceDepth;
  private readonly limit: RestLimit;
  private readonly routes: ReadonlyMap<string, Route>;

  constructor(host: VenueHost, books: BinanceDepth) {
    this.host = host;
    this.books = books;
    this.limit = new RestLimit({ ...host.profile.restLimit, warnings: WARNINGS, banMs: BAN_MS });
    const us = host.id === 'binance_us';
    const weight = (global: number, usWeight: number) => () => (us ? usWeight : global);
    const depthWeight = (query: URLSearchParams) => {
      const limit = rowLimit(query, 100, 5_000);
      return us ? ([1, 5, 10, 50][rank(limit)] ?? 50) : ([5, 25, 50, 250][rank(limit)] ?? 250);
    };
    this.routes = new Map<string, Route>([
      ['/api/v3/ping', { weight: weight(1, 1), body: () => '{}' }],
      ['/api/v3/time', { weight: weight(1, 1), body: ({ now }) => `{"serverTime":${now}}` }],
      ['/api/v3/exchangeInfo', { weight: weight(20, 10), body: (request) => this.exchangeInfo(request) }],
      ['/api/v3/trades', { weight: weight(25, 1), body: (request) => this.trades(request) }],
      ['/api/v3/historicalTrades', { weight: weight(25, 5), body: (request) => this.historicalTrades(request) }],
      ['/api/v3/aggTrades', { weight: weight(4, 1), body: (request) => this.rows(request, aggTradeRows) }],
      ['/api/v3/klines', { weight: weight(2, 1), body: (request) => this.rows(request, klineRows) }],
      ['/api/v3/depth', { weight: depthWeight, body: (request) => this.depth(request) }],
      [
        '/api/v3/ticker/24hr',
        { weight: (query) => (query.has('symbol') ? 2 : 80), body: (request) => this.dayTickers(request) },
      ],
    ]);
  }

  answer(request: VenueRequest): RestAnswer {
    const route = this.routes.get(request.path);
    if (route === undefined)
      return { status: 404, body: '<html><body>Not Found</body></html>', contentType: 'text/html' };
    const verdict = this.limit.take(route.weight(request.query), request.now);
    const used = { 'X-MBX-USED-WEIGHT': `${verdict.used}`, 'X-MBX-USED-WEIGHT-1M': `${verdict.used}` };
    if (verdict.kind === 'allowed') return { ...answered(route, request), headers: used };
    const headers = { ...used, 'Retry-After': `${verdict.retryAfter}` };
    if (verdict.kind === 'limited') return { ...tooMuchWeight(this.host.profile.restLimit.amount), headers };
    return { ...banned(request.now + verdict.retryAfter * 1_000), headers };
  }

  clearLimit(): void {
    this.limit.clear();
  }

  refusalBody(status: number, now: number): Pick<RestAnswer, 'body' | 'contentType'> {
    if (status === 451) return { body: JSON.stringify({ code: 0, msg: REGION }) };
    if (status === 429) return { body: tooMuchWeight(this.host.profile.restLimit.amount).body };
    if (status === 418) return { body: banned(now + BAN_MS).body };
    if (status === 403) {
      const body =
        '<HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD><BODY><H1>403 ERROR</H1></BODY></HTML>';
      return { body, contentType: 'text/html' };
    }
    return { body: '{"code":-1000,"msg":"An unknown error occurred while processing the request."}' };
  }

  private exchangeInfo({ query, now }: VenueRequest): string {
    const single = query.get('symbol');
    const list = query.get('symbols');
    const wanted = list === null ? (single === null ? undefined : [single]) : parsedList(list);
    if (wanted?.some((symbol) => !this.host.lists(symbol)) === true) throw invalidSymbol();
    const all = this.host.listedSymbols;
    const symbols = (wanted ?? all).map((symbol) => symbolRow(this.host, symbol)).join(',');
    const { amount } = this.host.profile.restLimit;
    const limits =
      `[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":${amount}},` +
      '{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":100},' +
      '{"rateLimitType":"RAW_REQUESTS","interval":"MINUTE","intervalNum":5,"limit":300000}]';
    return `{"timezone":"UTC","serverTime":${now},"rateLimits":${limits},"exchangeFilters":[],"symbols":[${symbols}]}`;
  }

  private trades(request: VenueRequest): string {
    const query = new URLSearchParams(request.query);
    query.delete('fromId');
    return this.rows({ ...request, query }, tradeRows);
  }

  private historicalTrades(request: VenueRequest): string {
    if (this.host.id === 'binance_us' && request.headers['x-mbx-apikey'] === undefined)
      throw new RestError(-2014, 'API-key format invalid.', 401);
    return this.rows(request, tradeRows);
  }

  private rows(request: VenueRequest, rows: RowsOf): string {
    const symbol = this.symbol(request.query);
    requireNumbers(request.query);
    return `[${rows(this.host, symbol, request, rowLimit(request.query, 500, 1_000)).join(',')}]`;
  }

  private depth({ query }: VenueRequest): string {
    const symbol = this.symbol(query);
    requireNumbers(query);
    const listing = this.host.listing(symbol);
    if (listing !== undefined) return this.books.snapshot(listing, rowLimit(query, 100, 5_000));
    return this.host.capture?.depthBody(symbol) ?? '{"lastUpdateId":0,"bids":[],"asks":[]}';
  }

  private dayTickers({ query, now }: VenueRequest): string {
    if (!query.has('symbol')) return `[${this.host.listings.map((listing) => dayRow(listing, now)).join(',')}]`;
    const listing = this.host.listing(this.symbol(query));
    if (listing === undefined) throw invalidSymbol();
    return dayRow(listing, now);
  }

  private symbol(query: URLSearchParams): string {
    const symbol = query.get('symbol');
    if (symbol === null || symbol === '') throw missing('symbol');
    if (!/^[\w.\-\u4e00-\u9fff]{1,50}$/.test(symbol)) throw illegalCharacters('symbol');
    if (!this.host.lists(symbol)) throw invalidSymbol();
    return symbol;
  }
}

function tooMuchWeight(amount: number): RestAnswer {
  return error(
    429,
    -1003,
    `Too much request weight used; current limit is ${amount} request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.`,
  );
}

function banned(until: number): RestAnswer {
  return error(
    418,
    -1003,
    `Way too much request weight used; IP banned until ${until}. Please use WebSocket Streams for live updates to avoid bans.`,
  );
}

function answered(route: Route, request: VenueRequest): RestAnswer {
  try {
    return { status: 200, body: route.body(request) };
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

function rank(limit: number): number {
  if (limit <= 100) return 0;
  if (limit <= 500) return 1;
  return limit <= 1_000 ? 2 : 3;
}

function parsedList(text: string): readonly string[] {
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list;
  } catch {
    // Refused as any other text that is no list.
  }
  throw illegalCharacters('symbols');
}
