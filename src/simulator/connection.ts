import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { EventKind, FrameSubject } from './captures/frame-subject.ts';
import { Interference } from './faults/interference.ts';
import { controlFrame, textFrame } from './text-frame.ts';

/** Bytes that may wait for a slow client before it is cut off, as venues do. */
const SLOW_CLIENT_BYTES = 256 * 1024 * 1024;
/** Bytes that may wait on a connection that the fault `slow_trickle` slows down; more are lost. */
const MAX_TRICKLING_BYTES = 4_194_304;

/** A stream or topic, as its listeners see it. */
export interface ListenedTopic extends FrameSubject {
  readonly name: string;
  add(connection: Connection): void;
  remove(connection: Connection): void;
  /** Sends an event (latin1 bytes) to one connection; false if a fault withheld it. `kind` is the topic's by default. */
  publishTo(connection: Connection, data: string, kind?: EventKind): boolean;
}

/** `market` connections carry market data; `status` connections only Bybit's system status. */
type Role = 'market' | 'status';
type OnLeave = (connection: Connection) => void;

/** One client's WebSocket at one venue. Data frames are collected and sent in one write for each time step (1 ms). */
export class Connection {
  /** Its number in the order of opening at its venue, from 1. */
  readonly number: number;
  readonly role: Role;
  readonly ws: WebSocket;
  readonly openedAt: number;
  readonly topics = new Map<string, ListenedTopic>();
  /** Binance: true if events are wrapped as `{"stream":…,"data":…}`. */
  combined = false;
  /** Binance: true if times are in microseconds. */
  micros = false;
  interference: Interference | undefined;
  /** Number of data frames sent. */
  frames = 0;
  readonly socket: Socket;
  /** Removes the connection from the venue's lists. */
  private readonly onLeave: () => void;
  private out = '';
  private readonly deflated: boolean;

  constructor(number: number, role: Role, ws: WebSocket, socket: Socket, now: number, onLeave: OnLeave) {
    this.number = number;
    this.role = role;
    this.ws = ws;
    this.socket = socket;
    this.openedAt = now;
    this.onLeave = () => onLeave(this);
    this.deflated = ws.extensions !== '';
  }

  /** Closes with a handshake. Nothing may follow the close frame, so the connection leaves its topics at once. */
  close(code: number, reason: string): void {
    // The unsent rest of a frame belongs before the close frame.
    if (this.out !== '') this.socket.write(this.out, 'latin1');
    this.out = '';
    this.onLeave();
    this.ws.close(code, reason);
  }

  /** Returns the effects of faults on this connection. The first call creates the object. */
  disturb(): Interference {
    this.interference ??= new Interference();
    return this.interference;
  }

  /**
   * Queues a data frame; faults that drop or repeat frames were applied before. `framed` is `payload` as a WebSocket
   * frame, in latin1.
   */
  push(payload: string, framed: string): void {
    this.frames++;
    if (this.deflated) this.ws.send(Buffer.from(payload, 'latin1'), { binary: false });
    else if (this.interference?.bytesPerSecond === undefined || this.out.length < MAX_TRICKLING_BYTES)
      this.out += framed;
  }

  /** Sends a message of the protocol (acknowledgement, pong, error, event) after all queued data. */
  control(text: string): void {
    if (this.deflated) {
      if (this.interference?.frozen !== true) this.ws.send(text);
      return;
    }
    this.out += textFrame(text);
    this.flush(0);
  }

  /** Sends a ping or pong after all queued data: it would be invalid inside a partly sent frame. */
  answer(kind: 'ping' | 'pong', payload: string): void {
    if (this.ws.readyState !== this.ws.OPEN) return;
    if (this.deflated) this.ws[kind](payload);
    else {
      this.out += controlFrame(kind, payload);
      this.flush(0);
    }
  }

  /** Sends a frame that is wrong or unknown on purpose. */
  inject(payload: string | Buffer): void {
    this.flush(0);
    if (this.interference?.frozen === true) return;
    this.ws.send(payload);
  }

  /** Writes queued bytes: all, or on a slowed connection as many as its rate allows in `elapsedMs` milliseconds. */
  flush(elapsedMs: number): void {
    const bytesPerSecond = this.interference?.bytesPerSecond;
    const size = bytesPerSecond === undefined ? this.out.length : Math.floor((bytesPerSecond * elapsedMs) / 1_000);
    if (size === 0 || this.out === '') return;
    this.socket.write(this.out.slice(0, size), 'latin1');
    this.out = this.out.slice(size);
  }

  /** True if the client reads so slowly that a venue would cut it off. */
  get tooSlow(): boolean {
    return this.socket.writableLength > SLOW_CLIENT_BYTES;
  }

  /** Stops sending everything, pongs and close frames included. */
  freeze(): void {
    this.flush(0);
    // Like a half-open peer: the WebSocket layer keeps writing, and nothing is sent.
    this.socket.write = () => true;
  }

  thaw(): void {
    if (Object.hasOwn(this.socket, 'write')) Reflect.deleteProperty(this.socket, 'write');
    this.out = '';
  }
}
