import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { getOrCreate } from '../../domain/get-or-create.ts';
import type { GatewayStats } from '../api/feed-answers.ts';
import type { ErrorAnswer } from '../api/fields.ts';
import type { StreamChannel } from '../api/stream-messages.ts';
import { Backlog } from './backlog.ts';
import { CHANNEL_KINDS, type Item, messageOf } from './stream-channels.ts';

/** With more unsent bytes than this nothing is added but what was asked for: the rest waits in the backlog. */
const MOST_UNSENT = 64 * 1024;
/** Who asks for so much without reading it is cut off. */
const FAR_TOO_MUCH_UNSENT = 4 * 1024 * 1024;
/** As much waits of a channel at most; candles have a key each. */
const MOST_WAITING = { all: 1000, newest: 10_000 };
const ITEMS_A_MESSAGE = 100;
/** Messages that a client may send in a second; so much that it is told counts as one more, and so does each error. */
const MOST_MESSAGES_A_SECOND = 100;
const ANSWER_BYTES_A_MESSAGE = 32 * 1024;
/** A client that takes nothing for longer is closed. */
export const SLOW_AFTER_MS = 30_000;

const POLICY_VIOLATION = 1008;

/** What clients cost and miss, all together; each client adds to it. */
export type StreamCounts = { -readonly [N in Exclude<keyof GatewayStats, 'clients' | 'max_clients'>]: number };

/** One WebSocket: what waits for it, and whether it reads. */
export class StreamClient {
  readonly #socket: WebSocket;
  readonly #connection: Socket;
  readonly #counts: StreamCounts;
  readonly #backlogs = new Map<StreamChannel, Backlog>();
  #aliveAt: number;
  #accepted = 0;
  #wasBlocked = false;
  #asked = { second: 0, count: 0 };

  constructor(socket: WebSocket, connection: Socket, counts: StreamCounts, now: number) {
    this.#socket = socket;
    this.#connection = connection;
    this.#counts = counts;
    this.#aliveAt = now;
  }

  /** What goes to many at once: now where the client keeps up, else later, out of its backlog. */
  deliver(channel: StreamChannel, message: Buffer, items: readonly Item[]): void {
    if (this.#isWritable && this.#backlogs.get(channel)?.isEmpty !== false) this.#send(message);
    else this.keep(channel, items);
  }

  keep(channel: StreamChannel, items: readonly Item[]): void {
    const { keeps } = CHANNEL_KINDS[channel];
    const backlog = getOrCreate(this.#backlogs, channel, () => new Backlog(keeps, MOST_WAITING[keeps]));
    for (const item of items) backlog.add(item);
  }

  /** What the client asked for: at once, whatever waits. */
  answer(channel: StreamChannel, items: readonly Item[]): void {
    if (items.length === 0) return;
    const message = messageOf(channel, items);
    this.#asked.count += message.length / ANSWER_BYTES_A_MESSAGE;
    this.#reply(message);
  }

  error(answer: ErrorAnswer): void {
    this.#asked.count++;
    this.#reply(Buffer.from(JSON.stringify({ type: 'error', data: answer })));
  }

  /** Sends what waits of a channel as far as the client takes it, first of all what it missed. */
  drain(channel: StreamChannel): void {
    const backlog = this.#backlogs.get(channel);
    if (backlog === undefined) return;
    while (this.#isWritable && !backlog.isEmpty) {
      for (const [symbol, count] of backlog.takeMissed()) this.#tellMissed(channel, symbol, count);
      const items = backlog.take(ITEMS_A_MESSAGE);
      if (items.length > 0) this.#send(messageOf(channel, items));
    }
  }

  /** Nothing waits any more of what it is not subscribed to; what it missed of that is told all the same. */
  forgetAllBut(channel: StreamChannel, isWanted: (item: Item) => boolean): void {
    const backlog = this.#backlogs.get(channel);
    if (backlog !== undefined)
      for (const item of backlog.take(Number.POSITIVE_INFINITY).filter(isWanted)) backlog.add(item);
  }

  /** False: it sends too much, and was closed. */
  mayAsk(now: number): boolean {
    this.answered(now);
    const second = Math.floor(now / 1000);
    if (second !== this.#asked.second) this.#asked = { second, count: 0 };
    if (++this.#asked.count <= MOST_MESSAGES_A_SECOND) return true;
    this.#socket.close(POLICY_VIOLATION, 'too many messages');
    return false;
  }

  /** It sent something: it lives, unless something waits for it, for then what it takes counts alone. */
  answered(now: number): void {
    if (!this.#wasBlocked) this.#aliveAt = now;
  }

  ping(): void {
    if (this.#isWritable) this.#socket.ping();
  }

  /** To be called each second: ends a client that neither answers nor takes anything. */
  check(now: number): void {
    const accepted = this.#connection.bytesWritten - this.#connection.writableLength;
    if (this.#wasBlocked && accepted > this.#accepted) this.#aliveAt = now;
    this.#accepted = accepted;
    this.#wasBlocked = this.#socket.bufferedAmount > 0;
    if (now - this.#aliveAt <= SLOW_AFTER_MS) return;
    this.#counts.closed_slow++;
    this.#socket.terminate();
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  get #isWritable(): boolean {
    return this.#socket.bufferedAmount <= MOST_UNSENT;
  }

  #tellMissed(channel: StreamChannel, symbol: string | null, count: number): void {
    if (channel === 'trades') this.#counts.missed_trades += count;
    const data = symbol === null ? { channel, count } : { channel, symbol, count };
    this.#send(Buffer.from(JSON.stringify({ type: 'missed', data })));
  }

  #reply(message: Buffer): void {
    this.#send(message);
    if (this.#socket.bufferedAmount <= FAR_TOO_MUCH_UNSENT) return;
    this.#counts.closed_slow++;
    this.#socket.terminate();
  }

  #send(message: Buffer): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#counts.messages_sent++;
    this.#counts.bytes_sent += message.length;
    this.#socket.send(message, { binary: false });
  }
}
