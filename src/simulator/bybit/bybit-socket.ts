import type { Connection } from '../connection.ts';
import type { VenueHost } from '../venue-host.ts';
import type { VenueSocket } from '../venue-protocol.ts';
import type { BybitStreams } from './bybit-streams.ts';
import { bybitTopic } from './bybit-topic.ts';

const MAX_ARGS = 10;
const MAX_ARGS_LENGTH = 21_000;
const IDLE_MS = 600_000;

interface Request {
  readonly op: string;
  readonly args: readonly unknown[];
  /** `,"req_id":"…"`, empty where none was sent. */
  readonly id: string;
}

/** Bybit v5's side of a public spot WebSocket: operations, acknowledgements, refusals, limits. PROTOCOL facts 3. */
export class BybitSocket implements VenueSocket {
  private readonly host: VenueHost;
  private readonly streams: BybitStreams;
  private nextIdleCheck = 0;
  private readonly heardAt = new WeakMap<Connection, { at: number; frames: number }>();

  constructor(host: VenueHost, streams: BybitStreams) {
    this.host = host;
    this.streams = streams;
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
    else if (op === 'subscribe') this.subscribe(connection, args, id, now);
    else if (op === 'unsubscribe') this.unsubscribe(connection, args, id);
    else this.refuse(connection, `error:unknown op ${op}`, id, op);
  }

  /** Cuts connections from which neither a ping came nor anything went for ten minutes. Looks once a second. */
  slice(now: number): void {
    if (now < this.nextIdleCheck) return;
    this.nextIdleCheck = now + 1_000;
    for (const connection of [...this.host.connections]) {
      const heard = this.heardAt.get(connection) ?? { at: connection.openedAt, frames: 0 };
      if (heard.frames !== connection.frames) this.heardAt.set(connection, { at: now, frames: connection.frames });
      else if (now - heard.at > IDLE_MS) connection.close(1000, '');
    }
  }

  private subscribe(connection: Connection, args: readonly unknown[], id: string, now: number): void {
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
        this.streams.subscribed(connection, name, topic, now);
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
