import type { Connection } from '../connection.ts';
import type { VenueHost } from '../venue-host.ts';
import type { RestAnswer, VenueSocket } from '../venue-protocol.ts';
import { type BinanceStreams, binanceStream, type StreamName } from './binance-streams.ts';

const MAX_STREAMS = 1_024;
const MAX_MESSAGES_A_SECOND = 5;
const MAX_URL = 8_004;
const METHODS = ['SUBSCRIBE', 'UNSUBSCRIBE', 'LIST_SUBSCRIPTIONS', 'SET_PROPERTY', 'GET_PROPERTY'];

type RequestId = number | string | null;

/** Binance's side of a market data WebSocket: paths, control messages, errors, limits. */
export function binanceSocket(host: VenueHost, streams: BinanceStreams): VenueSocket {
  const arrivals = new WeakMap<Connection, number[]>();

  function role(path: string): 'market' | undefined {
    return path === '/stream' || path === '/ws' || path.startsWith('/ws/') ? 'market' : undefined;
  }

  function refuses(path: string, query: URLSearchParams): RestAnswer | undefined {
    if (path.length + query.toString().length > MAX_URL) return { status: 414, body: '' };
    const names = streamsOf(path, query);
    if (names.length > MAX_STREAMS) return { status: 400, body: '' };
    return names.every((name) => parse(name) !== undefined) ? undefined : { status: 400, body: '' };
  }

  function opened(connection: Connection, path: string, query: URLSearchParams): void {
    connection.combined = path === '/stream';
    connection.micros = host.id !== 'binance_us' && query.get('timeUnit')?.toUpperCase() === 'MICROSECOND';
    listen(connection, streamsOf(path, query));
  }

  function message(connection: Connection, text: string, now: number): void {
    if (countArrival(connection, now)) connection.control(answer(connection, text));
  }

  function answer(connection: Connection, text: string): string {
    let request: unknown;
    try {
      request = JSON.parse(text);
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'syntax error';
      return `{"code":3,"msg":${JSON.stringify(`Invalid JSON: ${reason}`)}}`;
    }
    if (typeof request !== 'object' || request === null || Array.isArray(request))
      return invalid('request must be an object');
    const { method, params, id }: { method?: unknown; params?: unknown; id?: unknown } = request;
    if (!validId(id)) return invalid('request ID must be an unsigned integer');
    if (typeof method !== 'string' || !METHODS.includes(method)) {
      const expected = METHODS.map((name) => `\`${name}\``).join(', ');
      const variant = typeof method === 'string' ? `\`${method}\`` : 'of method';
      return invalid(`unknown variant ${variant}, expected one of ${expected}`, id);
    }
    if (id === undefined) return invalid('missing field `id`');
    if (method === 'LIST_SUBSCRIPTIONS') return result(id, JSON.stringify([...connection.topics.keys()]));
    if (!Array.isArray(params)) return invalid('missing field `params`', id);
    if (method === 'GET_PROPERTY' || method === 'SET_PROPERTY') return property(connection, method, params, id);
    return change(connection, method, params, id);
  }

  function change(connection: Connection, method: string, names: readonly unknown[], id: RequestId): string {
    const valid = names.filter((name): name is string => typeof name === 'string' && parse(name) !== undefined);
    if (valid.length === 0 || valid.length < names.length) return error(id, 2, 'Invalid request: invalid stream');
    if (method === 'UNSUBSCRIBE') {
      for (const name of valid) host.unsubscribe(connection, name);
      return result(id, 'null');
    }
    if (new Set([...connection.topics.keys(), ...valid]).size > MAX_STREAMS)
      return error(id, 4, 'Too many subscriptions');
    const streams = valid.flatMap((name) => parse(name) ?? []);
    if (streams.some((stream) => host.rejects(stream))) return error(id, 2, 'Invalid request: invalid stream');
    listen(connection, valid);
    return result(id, 'null');
  }

  function listen(connection: Connection, names: readonly string[]): void {
    for (const name of names) {
      const stream = parse(name);
      if (stream === undefined) continue;
      const symbol = host.lists(stream.symbol) ? stream.symbol : '';
      const topic = host.topic(name, stream.kind, symbol);
      host.subscribe(connection, topic);
      const instrument = host.instrument(symbol);
      if (instrument !== undefined) streams.subscribed(topic, instrument, stream);
    }
  }

  function parse(name: string): StreamName | undefined {
    const stream = binanceStream(name);
    return stream?.interval === '1s' && host.id === 'binance_us' ? undefined : stream;
  }

  function validId(id: unknown): id is RequestId | undefined {
    if (id === undefined) return true;
    if (typeof id === 'number') return Number.isInteger(id) && (id >= 0 || host.id !== 'binance_us');
    if (host.id === 'binance_us') return false;
    return id === null || (typeof id === 'string' && /^[A-Za-z0-9-_]{0,36}$/.test(id));
  }

  /** Counts a message or control frame. With more than five in a second, closes the connection and returns false. */
  function countArrival(connection: Connection, now: number): boolean {
    const recent = (arrivals.get(connection) ?? []).filter((time) => now - time < 1_000);
    recent.push(now);
    arrivals.set(connection, recent);
    if (recent.length <= MAX_MESSAGES_A_SECOND) return true;
    connection.close(1008, 'Too many requests');
    return false;
  }

  return { role, refuses, opened, heartbeat: countArrival, message };
}

function property(connection: Connection, method: string, [name, value]: unknown[], id: RequestId): string {
  if (name !== 'combined') return invalid('unknown property', id);
  if (method === 'GET_PROPERTY') return result(id, String(connection.combined));
  if (typeof value !== 'boolean') return invalid('value must be a boolean', id);
  const topics = [...connection.topics.values()];
  for (const topic of topics) topic.remove(connection);
  connection.combined = value;
  for (const topic of topics) topic.add(connection);
  return result(id, 'null');
}

function result(id: RequestId, value: string): string {
  return `{"result":${value},"id":${JSON.stringify(id)}}`;
}

function error(id: RequestId, code: number, message: string): string {
  return `{"error":{"code":${code},"msg":${JSON.stringify(message)}},"id":${JSON.stringify(id)}}`;
}

/** Makes the error for an invalid request. `id` is undefined if the request has no id. */
function invalid(reason: string, id?: RequestId): string {
  const of = id === undefined ? '' : `,"id":${JSON.stringify(id)}`;
  return `{"code":2,"msg":${JSON.stringify(`Invalid request: ${reason}`)}${of}}`;
}

function streamsOf(path: string, query: URLSearchParams): string[] {
  const list = path === '/stream' ? (query.get('streams') ?? '') : decoded(path.slice('/ws/'.length));
  return list.split('/').filter((name) => name !== '');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
