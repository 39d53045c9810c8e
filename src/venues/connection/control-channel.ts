import type { SchedulerLike } from 'rxjs';
import type { VenueEvent } from '../../domain/venue-event.ts';
import type { Socket } from '../../net/open-socket.ts';
import type { Decoded, Venue } from '../contract.ts';
import { ControlQueue } from './control-queue.ts';
import { ControlRequests, type Outgoing } from './control-requests.ts';

/** Commands to an open connection. */
export type ConnectionCommand =
  | { readonly kind: 'subscribe' | 'unsubscribe' | 'resubscribe'; readonly topics: readonly string[] }
  /** Sends a heartbeat or a ping, which the venue must answer. */
  | { readonly kind: 'probe' };

/** Sends a connection's requests within the venue's limits, and interprets the answers. */
export class ControlChannel {
  readonly #venue: Venue;
  readonly #socket: Socket;
  readonly #scheduler: SchedulerLike;
  readonly #emit: (event: VenueEvent) => void;
  readonly #requests: ControlRequests;
  readonly #queue: ControlQueue;

  constructor(venue: Venue, socket: Socket, scheduler: SchedulerLike, emit: (event: VenueEvent) => void) {
    this.#venue = venue;
    this.#socket = socket;
    this.#scheduler = scheduler;
    this.#emit = emit;
    this.#requests = new ControlRequests(venue);
    this.#queue = new ControlQueue(scheduler, venue.limits.messagesPerSecond);
  }

  command(command: ConnectionCommand): void {
    if (command.kind === 'probe') this.sendHeartbeat();
    else this.#send(this.#requests[command.kind](command.topics));
  }

  /** Sends the venue's heartbeat, or a ping, ahead of the queue. */
  sendHeartbeat(): void {
    const { heartbeat } = this.#venue;
    this.#queue.pushFirst(() => {
      if (heartbeat === undefined) this.#socket.ping();
      else this.#socket.send(heartbeat.frame(this.#requests.nextId()));
    });
  }

  answered(answer: Extract<Decoded, { kind: 'ack' | 'pong' | 'refused' }>): void {
    if (answer.kind === 'pong') {
      this.#emit({ kind: 'answered', what: 'pong' });
      return;
    }
    this.#emit({ kind: 'answered', what: 'ack' });
    if (answer.kind === 'ack') {
      this.#subscribed(this.#requests.acknowledged(answer.id));
      return;
    }
    const { subscribed, refused, retries, known } = this.#requests.refused(answer);
    this.#subscribed(subscribed);
    if (refused.length > 0) this.#emit({ kind: 'refused', topics: refused, fault: answer.fault });
    if (!known) this.#emit({ kind: 'ignored', reason: 'refusal_of_nothing' });
    this.#send(retries);
  }

  retryOverdue(): void {
    const { again, unanswered } = this.#requests.overdue(this.#scheduler.now());
    this.#send(again);
    for (let count = 0; count < unanswered; count++) this.#emit({ kind: 'ignored', reason: 'request_unanswered' });
  }

  /** Counts a pong, which the socket sent without the queue. */
  countPong(): void {
    this.#queue.count();
  }

  close(): void {
    this.#queue.close();
  }

  #subscribed(topics: readonly string[]): void {
    if (topics.length > 0) this.#emit({ kind: 'subscribed', topics });
  }

  #send(requests: readonly Outgoing[]): void {
    for (const { frame, sent } of requests) {
      this.#queue.push(() => {
        this.#socket.send(frame);
        sent(this.#scheduler.now());
      });
    }
  }
}
