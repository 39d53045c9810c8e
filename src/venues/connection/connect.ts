import { interval, Observable, type SchedulerLike, Subscription } from 'rxjs';
import { asFault, Fault } from '../../domain/fault.ts';
import type { LineEvent, MarketFrame, RawFrame } from '../../domain/line.ts';
import { openSocket, type SocketEnd } from '../../net/open-socket.ts';
import type { WallClock } from '../../net/wall-clock.ts';
import type { Decoded, DecoderContext, Venue } from '../contract.ts';
import { controlQueue } from './control-queue.ts';
import { ControlRequests, type Outgoing } from './control-requests.ts';

/** What a line can be told while it lives. Topics as the venue spells them. */
export type LineCommand =
  | { readonly kind: 'subscribe' | 'unsubscribe' | 'resubscribe'; readonly topics: readonly string[] }
  /** Asks the far side for a sign of life. */
  | { readonly kind: 'probe' };

export interface LineOptions {
  readonly venue: Venue;
  /** Complete, as of `venue.url`. */
  readonly url: string;
  readonly context: DecoderContext;
  /** The topics wanted, asked for as the connection opens. */
  readonly topics: () => readonly string[];
  readonly commands$?: Observable<LineCommand>;
  readonly scheduler: SchedulerLike;
  readonly connectTimeoutMs: number;
  /** Without data for this long the far side is probed, and again as often, until data comes. */
  readonly probeAfterMs: number;
  readonly compression: boolean;
  readonly maxFrameMb: number;
  /** The age at which it tells `rotate`, for the venue will close it for its age; never by default. Milliseconds. */
  readonly rotateAfterMs?: number;
  /** Sees every frame as it came, before it is decoded. Must not throw. */
  readonly onFrame?: (frame: RawFrame) => void;
  /** Opens the connection; the real network by default. */
  readonly open?: typeof openSocket;
  /** Stamps the frames; the system's wall clock by default. */
  readonly clock?: WallClock;
}

const MEGABYTE = 1024 * 1024;
/** Silence is measured in ticks, so that a frame costs a flag and not a look at a clock. */
const TICKS_PER_PROBE = 10;

/**
 * One connection to a venue, from the handshake to its end: opens it, subscribes, keeps it alive, decodes every frame.
 * Each subscription opens a connection of its own. It never completes; every end is an error, always a Fault.
 * Unsubscribing closes the connection within a second and leaves no timer.
 *
 * Control frames stop here, but never hold data up: a venue may send data before its acknowledgement.
 * A refused batch is tried again in parts, down to single topics; `refused` names what was refused alone.
 */
export function connectLine(options: LineOptions): Observable<LineEvent> {
  const { venue, url, scheduler, open = openSocket } = options;
  return new Observable<LineEvent>((observer) => {
    const decode = venue.newDecoder(options.context);
    const requests = new ControlRequests(venue);
    const queue = controlQueue(scheduler, venue.limits.messagesPerSecond);
    const timers = new Subscription();
    const { onFrame } = options;
    let dataSeen = false;
    let silentTicks = 0;

    function onSocketFrame(frame: RawFrame): void {
      onFrame?.(frame);
      let decoded: Decoded;
      try {
        decoded = decode(frame);
      } catch (error) {
        const fault = new Fault('malformed', `the decoder failed: ${asFault(error).message}`, { cause: error });
        decoded = { kind: 'malformed', fault };
      }
      if (decoded.kind === 'value') {
        dataSeen = true;
        observer.next(decoded);
      } else {
        onControl(decoded, frame);
      }
    }

    function onControl(decoded: Exclude<Decoded, MarketFrame>, frame: RawFrame): void {
      switch (decoded.kind) {
        case 'ack': {
          observer.next({ kind: 'answered', what: 'ack' });
          const topics = requests.acknowledged(decoded.id);
          if (topics.length > 0) observer.next({ kind: 'subscribed', topics });
          return;
        }
        case 'pong':
          observer.next({ kind: 'answered', what: 'pong' });
          return;
        case 'refused': {
          observer.next({ kind: 'answered', what: 'ack' });
          const { subscribed, refused, retries, known } = requests.refused(decoded);
          if (subscribed.length > 0) observer.next({ kind: 'subscribed', topics: subscribed });
          if (refused.length > 0) observer.next({ kind: 'refused', topics: refused, fault: decoded.fault });
          if (!known) observer.next({ kind: 'ignored', reason: 'refusal_of_nothing' });
          send(retries);
          return;
        }
        case 'malformed':
          observer.next({ ...decoded, frame });
          return;
        case 'ignored':
        case 'rotate':
          observer.next(decoded);
          return;
      }
    }

    function send(requested: readonly Outgoing[]): void {
      for (const { frame, sent } of requested) {
        queue.push(() => {
          socket.send(frame);
          sent(scheduler.now());
        });
      }
    }

    function beat(): void {
      queue.pushFirst(() => {
        if (venue.heartbeat === undefined) socket.ping();
        else socket.send(venue.heartbeat.frame(requests.nextId()));
      });
    }

    function onTick(): void {
      if (dataSeen) {
        dataSeen = false;
        silentTicks = 0;
      } else if (++silentTicks % TICKS_PER_PROBE === 0) {
        beat();
      }
      const { again, unanswered } = requests.overdue(scheduler.now());
      send(again);
      for (let count = 0; count < unanswered; count++) observer.next({ kind: 'ignored', reason: 'request_unanswered' });
    }

    function onCommand(command: LineCommand): void {
      if (command.kind === 'probe') beat();
      else send(requests[command.kind](command.topics));
    }

    function onOpen(): void {
      observer.next({ kind: 'opened', url });
      send(requests.subscribe(options.topics()));
      timers.add(interval(options.probeAfterMs / TICKS_PER_PROBE, scheduler).subscribe(onTick));
      if (venue.heartbeat !== undefined) timers.add(interval(venue.heartbeat.everyMs, scheduler).subscribe(beat));
      if (options.rotateAfterMs !== undefined) {
        const rotate = (): void => observer.next({ kind: 'rotate', reason: 'lifetime' });
        timers.add(scheduler.schedule(rotate, options.rotateAfterMs));
      }
      timers.add(options.commands$?.subscribe({ next: onCommand, error: (error) => observer.error(asFault(error)) }));
    }

    function onEnd(end: SocketEnd): void {
      if (end.kind === 'refused') {
        const { status, headers, body } = end.refusal;
        observer.error(venue.refusal(status, headers, body));
        return;
      }
      if (end.kind === 'violated') observer.next({ kind: 'ignored', reason: end.what });
      observer.error(end.fault);
    }

    const socket = open(
      url,
      {
        connectTimeoutMs: options.connectTimeoutMs,
        compression: options.compression,
        maxFrameBytes: options.maxFrameMb * MEGABYTE,
        ...(options.clock === undefined ? {} : { clock: options.clock }),
      },
      {
        onOpen,
        onFrame: onSocketFrame,
        onPing: queue.count,
        onPong: () => observer.next({ kind: 'answered', what: 'pong' }),
        onEnd,
      },
    );

    return () => {
      timers.unsubscribe();
      queue.close();
      socket.close();
    };
  });
}
