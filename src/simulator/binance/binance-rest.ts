import { RestLimit } from '../rest-limit.ts';
import type { VenueHost } from '../venue-host.ts';
import type { RestAnswer, SimulatedRest, VenueRequest } from '../venue-protocol.ts';
import type { BinanceDepth } from './binance-depth.ts';
import {
  aggTradeRows,
  dayRow,
  klineRows,
  missing,
  type RowsError,
  type RowsOf,
  symbolRow,
  tradeRows,
} from './binance-rest-rows.ts';

type Handler = (request: VenueRequest) => RestAnswer;

interface Route {
  readonly weight: (query: URLSearchParams) => number;
  readonly handle: Handler;
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
      const limit = limitOf(query, 100, 5_000);
      return us ? ([1, 5, 10, 50][rank(limit)] ?? 50) : ([5, 25, 50, 250][rank(limit)] ?? 250);
    };
    this.routes = new Map<string, Route>([
      ['/api/v3/ping', { weight: weight(1, 1), handle: () => ok('{}') }],
      ['/api/v3/time', { weight: weight(1, 1), handle: ({ now }) => ok(`{"serverTime":${now}}`) }],
      ['/api/v3/exchangeInfo', { weight: weight(20, 10), handle: (request) => this.exchangeInfo(request) }],
      ['/api/v3/trades', { weight: weight(25, 1), handle: (request) => this.trades(request) }],
      ['/api/v3/historicalTrades', { weight: weight(25, 5), handle: (request) => this.historicalTrades(request) }],
      ['/api/v3/aggTrades', { weight: weight(4, 1), handle: (request) => this.rows(request, aggTradeRows) }],
      ['/api/v3/klines', { weight: weight(2, 1), handle: (request) => this.rows(request, klineRows) }],
      ['/api/v3/depth', { weight: depthWeight, handle: (request) => this.depth(request) }],
      [
        '/api/v3/ticker/24hr',
        { weight: (query) => (query.has('symbol') ? 2 : 80), handle: (request) => this.dayTickers(request) },
      ],
    ]);
  }

  answer(request: VenueRequest): RestAnswer {
    const route = this.routes.get(request.path);
    if (route === undefined)
      return { status: 404, body: '<html><body>Not Found</body></html>', contentType: 'text/html' };
    const verdict = this.limit.take(route.weight(request.query), request.now);
    const used = { 'X-MBX-USED-WEIGHT': `${verdict.used}`, 'X-MBX-USED-WEIGHT-1M': `${verdict.used}` };
    if (verdict.kind === 'allowed') {
      const answer = route.handle(request);
      return { ...answer, headers: { ...used, ...answer.headers } };
    }
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

  private exchangeInfo({ query, now }: VenueRequest): RestAnswer {
    const single = query.get('symbol');
    let wanted: string[] | undefined = single === null ? undefined : [single];
    const list = query.get('symbols');
    if (list !== null) {
      const parsed = parsedList(list);
      if (parsed === undefined) return error(400, -1100, "Illegal characters found in parameter 'symbols'.");
      wanted = parsed;
    }
    if (wanted?.some((symbol) => !this.host.lists(symbol)) === true) return error(400, -1121, 'Invalid symbol.');
    const all = this.host.listedSymbols;
    const symbols = (wanted ?? all).map((symbol) => symbolRow(this.host, symbol)).join(',');
    const { amount } = this.host.profile.restLimit;
    const limits =
      `[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":${amount}},` +
      '{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":100},' +
      '{"rateLimitType":"RAW_REQUESTS","interval":"MINUTE","intervalNum":5,"limit":300000}]';
    return ok(
      `{"timezone":"UTC","serverTime":${now},"rateLimits":${limits},"exchangeFilters":[],"symbols":[${symbols}]}`,
    );
  }

  private trades(request: VenueRequest): RestAnswer {
    const query = new URLSearchParams(request.query);
    query.delete('fromId');
    return this.rows({ ...request, query }, tradeRows);
  }

  private historicalTrades(request: VenueRequest): RestAnswer {
    if (this.host.id === 'binance_us' && request.headers['x-mbx-apikey'] === undefined)
      return error(401, -2014, 'API-key format invalid.');
    return this.rows(request, tradeRows);
  }

  private rows(request: VenueRequest, rows: RowsOf): RestAnswer {
    const symbol = this.symbol(request.query);
    if (typeof symbol !== 'string') return symbol;
    const wrong = wrongNumber(request.query);
    if (wrong !== undefined) return refused(wrong);
    const list = rows(this.host, symbol, request, limitOf(request.query, 500, 1_000));
    return Array.isArray(list) ? ok(`[${list.join(',')}]`) : refused(list);
  }

  private depth({ query }: VenueRequest): RestAnswer {
    const symbol = this.symbol(query);
    if (typeof symbol !== 'string') return symbol;
    const wrong = wrongNumber(query);
    if (wrong !== undefined) return refused(wrong);
    const listing = this.host.listing(symbol);
    if (listing !== undefined) return ok(this.books.snapshot(listing, limitOf(query, 100, 5_000)));
    const recorded = this.host.capture?.depthBody(symbol);
    return recorded === undefined ? ok('{"lastUpdateId":0,"bids":[],"asks":[]}') : ok(recorded);
  }

  private dayTickers({ query, now }: VenueRequest): RestAnswer {
    if (!query.has('symbol')) return ok(`[${this.host.listings.map((listing) => dayRow(listing, now)).join(',')}]`);
    const symbol = this.symbol(query);
    if (typeof symbol !== 'string') return symbol;
    const listing = this.host.listing(symbol);
    return listing === undefined ? error(400, -1121, 'Invalid symbol.') : ok(dayRow(listing, now));
  }

  private symbol(query: URLSearchParams): string | RestAnswer {
    const symbol = query.get('symbol');
    if (symbol === null || symbol === '') return refused(missing('symbol'));
    if (!/^[\w.\-\u4e00-\u9fff]{1,50}$/.test(symbol))
      return error(400, -1100, "Illegal characters found in parameter 'symbol'.");
    return this.host.lists(symbol) ? symbol : error(400, -1121, 'Invalid symbol.');
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

function ok(body: string): RestAnswer {
  return { status: 200, body };
}

function error(status: number, code: number, message: string): RestAnswer {
  return { status, body: `{"code":${code},"msg":${JSON.stringify(message)}}` };
}

function refused({ code, message }: RowsError): RestAnswer {
  return error(400, code, message);
}

function wrongNumber(query: URLSearchParams): RowsError | undefined {
  for (const name of ['fromId', 'startTime', 'endTime', 'limit']) {
    const text = query.get(name);
    if (text !== null && !/^\d{1,20}$/.test(text))
      return {
        code: -1100,
        message: `Illegal characters found in parameter '${name}'; legal range is '^[0-9]{1,20}$'.`,
      };
  }
  if (Number(query.get('limit') ?? 1) === 0)
    return { code: -1130, message: "Data sent for parameter 'limit' is not valid." };
  return undefined;
}

function limitOf(query: URLSearchParams, otherwise: number, most: number): number {
  const limit = Number(query.get('limit') ?? otherwise);
  return Number.isInteger(limit) && limit > 0 ? Math.min(limit, most) : otherwise;
}

function rank(limit: number): number {
  if (limit <= 100) return 0;
  if (limit <= 500) return 1;
  return limit <= 1_000 ? 2 : 3;
}

function parsedList(text: string): string[] | undefined {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : undefined;
  } catch {
    return undefined;
  }
}
