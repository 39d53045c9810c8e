import type { EventKind } from '../captures/frame-subject.ts';
import type { Connection } from '../connection.ts';
import type { VenueHost } from '../venue-host.ts';
import { BYBIT_INTERVALS } from './bybit-frames.ts';

const MAX_ARGS = 10;
const MAX_ARGS_LENGTH = 21_000;
const IDLE_MS = 600_000;
const BOOK_LEVELS = ['1', '50', '200', '1000'];

export interface TopicParts {
  readonly symbol: string;
  readonly kind: EventKind;
  /** Klines, by Bybit's name. */
  readonly interval?: string;
  /** Books. */
  readonly levels?: number;
}

/** Takes a Bybit topic apart; undefined for one that has no handler. */
export function bybitTopic(topic: string): TopicParts | undefined {
  const parts = topic.split('.');
  const [name, second = '', third = ''] = parts;
  if (parts.length === 2 && name === 'publicTrade') return { symbol: second, kind: 'trade' };
  if (parts.length === 2 && name === 'tickers') return { symbol: second, kind: 'ticker' };
  if (parts.length !== 3) return undefined;
  if (name === 'kline' && BYBIT_INTERVALS[second] !== undefined)
    return { symbol: third, kind: 'kline', interval: second };
  if (name !== 'orderbook' || !BOOK_LEVELS.includes(second)) return undefined;
  return { symbol: third, kind: second === '1' ? 'book_ticker' : 'depth', levels: Number(second) };
}

export interface BybitSocketOptions {
  readonly host: VenueHost;
  readonly onSubscribe: (connection: Connection, name: string, topic: TopicParts) => void;
}

interface Request {
  readonly op: string;
  readonly args: readonly unknown[];
  /** `,"req_id":"…"`, empty where none was sent. */
  readonly id: string;
}

/** Bybit v5's side of a public spot WebSocket: operations, acknowledgements, refusals, limits. PROTOCOL facts 3. */
export class BybitSocket {
  private readonly host: VenueHost;
  private readonly onSubscribe: BybitSocketOptions['onSubscribe'];
  private nextIdleCheck = 0;
  private readonly heardAt = new WeakMap<Connection, { at: number; frames: number }>();

  constructor({ host, onSubscribe }: BybitSocketOptions) {
    this.host = host;
    this.onSubscribe = onSubscribe;
  }

  role(path: string): 'market' | 'status' | undefined {
    if (path === '/v5/public/spot') return 'market';
    return path === '/v5/public/misc/status' ? 'status' : undefined;
  }

  message(connection: Connection, text: string, now: number): void {
    this.heardAt.set(connection, { at: now, frames: connection.frames });
    const request = parsed(text);
    if (request === undefined) {
      this.refuse(connection, 'error:request is not a valid JSON object with an op', '', '');
      return;
    }
    const { op, args, id } = request;
    if (op === 'ping')
      connection.control(`{"success":true,"ret_msg":"pong","conn_id":"${connectionId(connection)}"${id},"op":"ping"}`);
    else if (op === 'subscribe') this.subscribe(connection, args, id);
    else if (op === 'unsubscribe') this.unsubscribe(connection, args, id);
    else this.refuse(connection, `error:unknown op ${op}`, id, op);
  }

  /** Cuts connections from which neither a ping came nor anything went for ten minutes. Looks once a second. */
  cutIdle(now: number): void {
    if (now < this.nextIdleCheck) return;
    this.nextIdleCheck = now + 1_000;
    for (const connection of [...this.host.connections]) {
      const heard = this.heardAt.get(connection) ?? { at: connection.openedAt, frames: 0 };
      if (heard.frames !== connection.frames) this.heardAt.set(connection, { at: now, frames: connection.frames });
      else if (now - heard.at > IDLE_MS) connection.close(1000, '');
    }
  }

  private subscribe(connection: Connection, args: readonly unknown[], id: string): void {
    const refusal = this.refusal(connection, args);
    if (refusal !== undefined) {
      this.refuse(connection, refusal, '', 'subscribe');
      return;
    }
    this.acknowledge(connection, 'subscribe', id);
    for (const name of args.filter((arg) => typeof arg === 'string')) {
      const topic = bybitTopic(name);
      if (topic === undefined) this.host.subscribe(connection, this.host.topic(name, 'ticker', ''));
      else {
        this.host.subscribe(connection, this.host.topic(name, topic.kind, topic.symbol));
        this.onSubscribe(connection, name, topic);
      }
    }
  }

  private unsubscribe(connection: Connection, args: readonly unknown[], id: string): void {
    if (args.length > MAX_ARGS) {
      this.refuse(connection, 'args size >10', '', 'unsubscribe');
      return;
    }
    for (const name of args) if (typeof name === 'string') this.host.unsubscribe(connection, name);
    this.acknowledge(connection, 'unsubscribe', id);
  }

  /** Why the whole request is refused. */
  private refusal(connection: Connection, args: readonly unknown[]): string | undefined {
    if (args.length > MAX_ARGS) return 'args size >10';
    if (args.length === 0) return 'error:args is empty';
    const names = args.filter((name) => typeof name === 'string');
    const length = [...connection.topics.keys(), ...names].reduce((sum, name) => sum + name.length + 3, 0);
    if (length > MAX_ARGS_LENGTH) return 'error:args length exceeds 21000';
    if (names.length < args.length) return 'error:args must be strings';
    for (const name of names) {
      if (connection.topics.has(name)) return `error:already subscribed,topic:${name}`;
      if (connection.role === 'status') {
        if (name !== 'system.status') return `error:handler not found,topic:${name}`;
        continue;
      }
      const topic = bybitTopic(name);
      if (topic === undefined) return `error:handler not found,topic:${name}`;
      if (!this.host.lists(topic.symbol) || this.host.rejects(topic)) return `Invalid symbol :[${name}]`;
    }
    return undefined;
  }

  private acknowledge(connection: Connection, op: string, id: string): void {
    connection.control(
      `{"success":true,"ret_msg":"${op === 'subscribe' ? 'subscribe' : ''}","conn_id":"${connectionId(connection)}"${id},"op":"${op}"}`,
    );
  }

  private refuse(connection: Connection, message: string, id: string, op: string): void {
    const text = JSON.stringify(message).replaceAll('>', '\\u003e');
    connection.control(`{"success":false,"ret_msg":${text},"conn_id":"${connectionId(connection)}"${id},"op":"${op}"}`);
  }
}

function connectionId(connection: Connection): string {
  return `d967ikkn0ine3iqmjc30-${connection.number.toString(36).padStart(4, '0')}`;
}

function parsed(text: string): Request | undefined {
  try {
    const request: unknown = JSON.parse(text);
    if (typeof request !== 'object' || request === null) return undefined;
    const { op, args, req_id }: { op?: unknown; args?: unknown; req_id?: unknown } = request;
    if (typeof op !== 'string') return undefined;
    return {
      op,
      args: Array.isArray(args) ? args : [],
      id: req_id === undefined ? '' : `,"req_id":${JSON.stringify(String(req_id))}`,
    };
  } catch {
    return undefined;
  }
}
