import { z } from 'zod';
import type { Connection } from '../connection.ts';
import type { VenueHost } from '../venue-host.ts';
import type { VenueSocket } from '../venue-protocol.ts';
import { type BybitStreams, bybitTopic } from './bybit-streams.ts';

const MAX_ARGS = 10;
const MAX_ARGS_LENGTH = 21_000;
const IDLE_MS = 600_000;

const REQUEST = z.object({ op: z.string(), args: z.array(z.unknown()).catch([]), req_id: z.unknown().optional() });

/** Bybit v5's side of a public spot WebSocket: operations, acknowledgements, refusals, limits. */
export function bybitSocket(host: VenueHost, streams: BybitStreams): VenueSocket {
  let nextIdleCheck = 0;
  const activity = new WeakMap<Connection, { at: number; frames: number }>();

  function role(path: string): 'market' | 'status' | undefined {
    if (path === '/v5/public/spot') return 'market';
    return path === '/v5/public/misc/status' ? 'status' : undefined;
  }

  function message(connection: Connection, text: string, now: number): void {
    activity.set(connection, { at: now, frames: connection.frames });
    const request = parsed(text);
    if (request === undefined) {
      reply(connection, false, 'error:request is not a valid JSON object with an op', '');
      return;
    }
    const { op, args } = request;
    const id = request.req_id === undefined ? undefined : String(request.req_id);
    if (op === 'ping') reply(connection, true, 'pong', op, id);
    else if (op === 'subscribe') subscribe(connection, args, id, now);
    else if (op === 'unsubscribe') unsubscribe(connection, args, id);
    else reply(connection, false, `error:unknown op ${op}`, op, id);
  }

  /** Once a second, closes connections on which neither the client nor the venue sent anything for ten minutes. */
  function slice(now: number): void {
    if (now < nextIdleCheck) return;
    nextIdleCheck = now + 1_000;
    for (const connection of [...host.connections]) {
      const last = activity.get(connection) ?? { at: connection.openedAt, frames: 0 };
      if (last.frames !== connection.frames) activity.set(connection, { at: now, frames: connection.frames });
      else if (now - last.at > IDLE_MS) connection.close(1000, '');
    }
  }

  function subscribe(connection: Connection, args: readonly unknown[], id: string | undefined, now: number): void {
    const refused = refusal(connection, args);
    if (refused !== undefined) {
      reply(connection, false, refused, 'subscribe');
      return;
    }
    reply(connection, true, 'subscribe', 'subscribe', id);
    for (const name of args.filter((arg) => typeof arg === 'string')) {
      const parts = bybitTopic(name) ?? { kind: 'ticker', symbol: '' };
      const topic = host.topic(name, parts.kind, parts.symbol);
      host.subscribe(connection, topic);
      streams.subscribed(connection, topic, parts, now);
    }
  }

  function unsubscribe(connection: Connection, args: readonly unknown[], id: string | undefined): void {
    if (args.length > MAX_ARGS) {
      reply(connection, false, 'args size >10', 'unsubscribe');
      return;
    }
    for (const name of args) if (typeof name === 'string') host.unsubscribe(connection, name);
    reply(connection, true, '', 'unsubscribe', id);
  }

  /** Returns why the whole request is refused; undefined if it is accepted. */
  function refusal(connection: Connection, args: readonly unknown[]): string | undefined {
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
      if (!host.lists(topic.symbol) || host.rejects(topic)) return `Invalid symbol :[${name}]`;
    }
    return undefined;
  }

  return { role, message, slice };
}

/** Answers a request. `id`: the request's id, if the venue repeats it in this answer. */
function reply(connection: Connection, success: boolean, message: string, op: string, id?: string): void {
  const conn_id = `d967ikkn0ine3iqmjc30-${connection.number.toString(36).padStart(4, '0')}`;
  const text = JSON.stringify({ success, ret_msg: message, conn_id, req_id: id, op });
  connection.control(text.replaceAll('>', '\\u003e'));
}

function parsed(text: string): z.output<typeof REQUEST> | undefined {
  try {
    return REQUEST.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
