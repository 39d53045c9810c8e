import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { getOrCreate } from '../../domain/get-or-create.ts';
import type { GatewayStats } from '../api/feed-answers.ts';
import type { ErrorAnswer } from '../api/fields.ts';
import type { StreamChannel } from '../api/stream-messages.ts';
import { Backlog } from './backlog.ts';
import { CHANNEL_KINDS, type Item, messageOf } from './stream-channels.ts';

/** With more unsent bytes than this, only answers are sent; everything else waits in the backlog. */
const MAX_UNSENT = 64 * 1024;
/** A client with more unsent bytes than this after an answer is disconnected. */
const FAR_TOO_MUCH_UNSENT = 4 * 1024 * 1024;
/** Maximum items in a channel's backlog. */
const MAX_WAITING = { all: 1000, newest: 10_000 };
const ITEMS_A_MESSAGE = 100;
/** Maximum requests of a client in a second. Each error, and each 32 KiB of answers, counts as one more. */
const MAX_MESSAGES_A_SECOND = 100;
const ANSWER_BYTES_A_MESSAGE = 32 * 1024;
/** A client that reads nothing for longer than this is disconnected. */
export const SLOW_AFTER_MS = 30_000;

const POLICY_VIOLATION = 1008;

/** The counters of all clients together. */
export type StreamCounts = { -readonly [N in Exclude<keyof GatewayStats, 'clients' | 'max_clients'>]: number };

/** One WebSocket client with its backlogs. */
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

  /** Sends a shared message now if the client keeps up. Otherwise its items are sent later, from the backlog. */
  deliver(channel: StreamChannel, message: Buffer, items: readonly Item[]): void {
    if (this.#isWritable && this.#backlogs.get(channel)?.isEmpty !== false) this.#send(message);
    else this.keep(channel, items);
  }

  keep(channel: StreamChannel, items: readonly Item[]): void {
    const { keeps } = CHANNEL_KINDS[channel];
    const backlog = getOrCreate(this.#backlogs, channel, () => new Backlog(keeps, MAX_WAITING[keeps]));
    for (const item of items) backlog.add(item);
  }

  /** Sends the answer to a request at once, ahead of the backlog. */
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

  /** Sends a channel's backlog as far as the client keeps up, with the missed counts first. */
  drain(channel: StreamChannel): void {
    const backlog = this.#backlogs.get(channel);
    if (backlog === undefined) return;
    while (this.#isWritable && !backlog.isEmpty) {
      for (const [symbol, count] of backlog.takeMissed()) this.#sendMissed(channel, symbol, count);
      const items = backlog.take(ITEMS_A_MESSAGE);
      if (items.length > 0) this.#send(messageOf(channel, items));
    }
  }

  /** Removes unwanted items from a channel's backlog. Missed counts stay. */
  forgetAllBut(channel: StreamChannel, isWanted: (item: Item) => boolean): void {
    const backlog = this.#backlogs.get(channel);
    if (backlog !== undefined)
      for (const item of backlog.take(Number.POSITIVE_INFINITY).filter(isWanted)) backlog.add(item);
  }

  /** Counts a request; false if the client sent too many, so that its socket is closed, or if it closes already. */
  mayAsk(now: number): boolean {
    if (this.#socket.readyState !== this.#socket.OPEN) return false;
    this.answered(now);
    const second = Math.floor(now / 1000);
    if (second !== this.#asked.second) this.#asked = { second, count: 0 };
    if (++this.#asked.count <= MAX_MESSAGES_A_SECOND) return true;
    this.#socket.close(POLICY_VIOLATION, 'too many messages');
    return false;
  }

  /** Notes that the client sent something, so it is alive. While bytes wait for the client, only its reading counts. */
  answered(now: number): void {
    if (!this.#wasBlocked) this.#aliveAt = now;
  }

  ping(): void {
    if (this.#isWritable) this.#socket.ping();
  }

  /** Disconnects the client if it neither answers nor reads. Call it every second. */
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
    return this.#socket.bufferedAmount <= MAX_UNSENT;
  }

  #sendMissed(channel: StreamChannel, symbol: string | null, count: number): void {
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
