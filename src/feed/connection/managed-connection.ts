import { type Observable, type SchedulerLike, Subject, Subscription } from 'rxjs';
import type { ConnectionClosing } from '../../domain/venue-event.ts';
import type { ConnectionCommand } from '../../venues/connection/control-channel.ts';
import type { ConnectionLoss } from './keep-connecting.ts';
import type { ConnectionEvent } from './line-event.ts';

/** One supervised connection of a line. Its id stays through reconnects; the arbiter sees it as a line. */
export class ManagedConnection {
  readonly id: number;
  readonly commands$ = new Subject<ConnectionCommand>();
  up = false;
  waiting = false;
  /** When the venue last acknowledged topics, or else when the connection was opened: the scheduler's milliseconds. */
  acknowledgedAt = 0;
  /** How often its cutover was postponed. */
  postponements = 0;
  /** The venue's notice to close, if it came before this connection took over. */
  notice: ConnectionClosing | undefined;
  readonly #acknowledged = new Set<string>();
  readonly #scheduler: SchedulerLike;
  readonly #subscription = new Subscription();
  #timers = new Subscription();

  constructor(id: number, scheduler: SchedulerLike) {
    this.id = id;
    this.#scheduler = scheduler;
  }

  open(events$: Observable<ConnectionEvent>, onEvent: (event: ConnectionEvent) => void): void {
    this.#subscription.add(events$.subscribe(onEvent));
  }

  note(event: Exclude<ConnectionEvent, ConnectionLoss>): void {
    if (event.kind === 'connecting') this.waiting = false;
    if (event.kind === 'connected') {
      this.up = true;
      this.#acknowledged.clear();
    }
    if (event.kind === 'subscribed') for (const topic of event.topics) this.#acknowledged.add(topic);
    if (event.kind === 'connected' || event.kind === 'subscribed') this.acknowledgedAt = this.#scheduler.now();
  }

  lost(): void {
    this.up = false;
    this.waiting = true;
    this.postponements = 0;
    this.notice = undefined;
    this.#timers.unsubscribe();
    this.#timers = new Subscription();
  }

  /** Returns true if the connection is open and all these topics are acknowledged. */
  hasAll(topics: Iterable<string>): boolean {
    if (!this.up) return false;
    for (const topic of topics) if (!this.#acknowledged.has(topic)) return false;
    return true;
  }

  /** Calls `work` after a delay, unless the connection is lost or closed by then. */
  later(delayMs: number, work: () => void): void {
    this.#timers.add(this.#scheduler.schedule(work, delayMs));
  }

  close(): void {
    this.#timers.unsubscribe();
    this.#subscription.unsubscribe();
  }
}
