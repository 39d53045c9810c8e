import { interval, Observable, type SchedulerLike, type Subscriber, Subscription } from 'rxjs';
import { asFault, Fault } from '../../domain/fault.ts';
import type { RawFrame, VenueEvent } from '../../domain/venue-event.ts';
import { openSocket, type Socket, type SocketEnd } from '../../net/open-socket.ts';
import type { WallClock } from '../../net/wall-clock.ts';
import type { Decoded, Decoder, DecoderContext, Venue } from '../contract.ts';
import { type ConnectionCommand, ControlChannel } from './control-channel.ts';

export interface ConnectionOptions {
  readonly venue: Venue;
  readonly url: string;
  readonly context: DecoderContext;
  /** Returns the topics to subscribe to when the connection opens. */
  readonly topics: () => readonly string[];
  readonly commands$?: Observable<ConnectionCommand>;
  readonly scheduler: SchedulerLike;
  readonly connectTimeoutMs: number;
  /** The venue is pinged each time no data has come for this long, milliseconds. */
  readonly probeAfterMs: number;
  readonly compression: boolean;
  readonly maxFrameMb: number;
  /** Age of the connection at which `closing` is emitted, milliseconds. Default: never. */
  readonly closingAfterMs?: number | undefined;
  /** Called with each frame before it is decoded. Must not throw. */
  readonly onFrame?: ((frame: RawFrame) => void) | undefined;
  /** Default: the real network. */
  readonly open?: typeof openSocket;
  /** Default: the system's wall clock. */
  readonly clock?: WallClock | undefined;
}

const MEGABYTE = 1024 * 1024;
/**
 * A timer fires this many times in `probeAfterMs` and counts the time without data. So a frame sets a flag instead of
 * reading the clock.
 */
const TICKS_PER_PROBE = 10;

/**
 * Opens a connection for each subscriber, subscribes, keeps it alive and decodes every frame. It never completes; it
 * ends with a Fault, right after `disconnected`. If the venue refuses several topics at once, they are requested again
 * in smaller groups.
 */
export function connect(options: ConnectionOptions): Observable<VenueEvent> {
  const { url, connectTimeoutMs, compression, maxFrameMb, clock, open = openSocket } = options;
  return new Observable((subscriber) => {
    const socket = open(
      url,
      { connectTimeoutMs, compression, maxFrameBytes: maxFrameMb * MEGABYTE, clock },
      {
        // `open` returns before it calls any of these.
        onOpen: () => connection.opened(),
        onFrame: (frame) => connection.received(frame),
        onPing: () => connection.channel.countPong(),
        onPong: () => connection.channel.answered({ kind: 'pong' }),
        onEnd: (end) => connection.ended(end),
      },
    );
    const connection = new Connection(options, socket, subscriber);
    return () => {
      connection.close();
      socket.close();
    };
  });
}

class Connection {
  readonly channel: ControlChannel;
  readonly #options: ConnectionOptions;
  readonly #subscriber: Subscriber<VenueEvent>;
  readonly #decode: Decoder;
  readonly #onFrame: ConnectionOptions['onFrame'];
  readonly #timers = new Subscription();
  #dataSeen = false;
  #ticksWithoutData = 0;

  constructor(options: ConnectionOptions, socket: Socket, subscriber: Subscriber<VenueEvent>) {
    const { venue, context, scheduler } = options;
    this.#options = options;
    this.#subscriber = subscriber;
    this.#decode = venue.newDecoder(context);
    this.#onFrame = options.onFrame;
    this.channel = new ControlChannel(venue, socket, scheduler, (event) => subscriber.next(event));
  }

  opened(): void {
    const { url, topics, venue, scheduler, probeAfterMs, closingAfterMs, commands$ } = this.#options;
    this.#subscriber.next({ kind: 'connected', url });
    this.channel.command({ kind: 'subscribe', topics: topics() });
    this.#timers.add(interval(probeAfterMs / TICKS_PER_PROBE, scheduler).subscribe(() => this.#tick()));
    if (venue.heartbeat !== undefined)
      this.#timers.add(interval(venue.heartbeat.everyMs, scheduler).subscribe(() => this.channel.sendHeartbeat()));
    if (closingAfterMs !== undefined) {
      const announce = (): void => this.#subscriber.next({ kind: 'closing', reason: 'lifetime' });
      this.#timers.add(scheduler.schedule(announce, closingAfterMs));
    }
    this.#timers.add(
      commands$?.subscribe({
        next: (command) => this.channel.command(command),
        error: (error) => this.#fail(asFault(error)),
      }),
    );
  }

  received(frame: RawFrame): void {
    this.#onFrame?.(frame);
    const decoded = this.#decoded(frame);
    switch (decoded.kind) {
      case 'value':
        this.#dataSeen = true;
        this.#subscriber.next(decoded);
        return;
      case 'ack':
      case 'pong':
      case 'refused':
        this.channel.answered(decoded);
        return;
      case 'malformed':
        this.#subscriber.next({ ...decoded, frame });
        return;
      case 'ignored':
      case 'closing':
        this.#subscriber.next(decoded);
    }
  }

  ended(end: SocketEnd): void {
    if (end.kind === 'violated') this.#subscriber.next({ kind: 'ignored', reason: end.what });
    if (end.kind !== 'refused') {
      this.#fail(end.fault);
      return;
    }
    const { status, headers, body } = end.refusal;
    this.#fail(this.#options.venue.refusal(status, headers, body));
  }

  close(): void {
    this.#timers.unsubscribe();
    this.channel.close();
  }

  #decoded(frame: RawFrame): Decoded {
    try {
      return this.#decode(frame);
    } catch (error) {
      const fault = new Fault('malformed', `the decoder failed: ${asFault(error).message}`, { cause: error });
      return { kind: 'malformed', fault };
    }
  }

  #tick(): void {
    if (this.#dataSeen) {
      this.#dataSeen = false;
      this.#ticksWithoutData = 0;
    } else if (++this.#ticksWithoutData % TICKS_PER_PROBE === 0) {
      this.channel.sendHeartbeat();
    }
    this.channel.retryOverdue();
  }

  #fail(fault: Fault): void {
    this.#subscriber.next({ kind: 'disconnected', blocked: fault.kind === 'region_blocked', fault });
    this.#subscriber.error(fault);
  }
}
