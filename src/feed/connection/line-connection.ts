import { type Observable, type SchedulerLike, Subject, Subscription } from 'rxjs';
import type { ConnectionClosing } from '../../domain/venue-event.ts';
import type { ConnectionCommand } from '../../venues/connection/control-channel.ts';
import type { ConnectionLoss } from './keep-connecting.ts';
import type { LineSignal } from './line-event.ts';

/** A connection that is kept: lost, it comes back as the same one. The merge takes it for a line of its own. */
export class LineConnection {
  /** Unique within the venue. */
  readonly id: number;
  readonly commands$ = new Subject<ConnectionCommand>();
  /** It is open. */
  up = false;
  /** Lost, and not tried again yet. */
  waiting = false;
  /** How often its rotation was put off. */
  postponements = 0;
  /** What it was told before it took over. */
  notice: ConnectionClosing | undefined;
  readonly #acknowledged = new Set<string>();
  readonly #scheduler: SchedulerLike;
  readonly #subscription = new Subscription();
  #timers = new Subscription();

  constructor(id: number, scheduler: SchedulerLike) {
    this.id = id;
    this.#scheduler = scheduler;
  }

  open(signals$: Observable<LineSignal>, onSignal: (signal: LineSignal) => void): void {
    this.#subscription.add(signals$.subscribe(onSignal));
  }

  /** Keeps account of what a signal says of the connection itself. */
  note(signal: Exclude<LineSignal, ConnectionLoss>): void {
    if (signal.kind === 'connecting') this.waiting = false;
    if (signal.kind === 'connected') {
      this.up = true;
      this.#acknowledged.clear();
    }
    if (signal.kind === 'subscribed') for (const topic of signal.topics) this.#acknowledged.add(topic);
  }

  lost(): void {
    this.up = false;
    this.waiting = true;
    this.postponements = 0;
    this.notice = undefined;
    this.#timers.unsubscribe();
    this.#timers = new Subscription();
  }

  /** True when all these topics are acknowledged. */
  hasAll(topics: Iterable<string>): boolean {
    if (!this.up) return false;
    for (const topic of topics) if (!this.#acknowledged.has(topic)) return false;
    return true;
  }

  /** Calls `work` after so many milliseconds, unless the connection has been lost or closed by then. */
  later(delayMs: number, work: () => void): void {
    this.#timers.add(this.#scheduler.schedule(work, delayMs));
  }

  close(): void {
    this.#timers.unsubscribe();
    this.#subscription.unsubscribe();
  }
}
