import { type Observable, type SchedulerLike, Subscription } from 'rxjs';
import type { ConnectionClosing, MarketFrame } from '../../domain/venue-event.ts';
import type { ConnectionCommand } from '../../venues/connection/control-channel.ts';
import type { ConnectionPlan } from '../../venues/connection/plan-connections.ts';
import { answerWindowMs } from '../liveness/explain-stale.ts';
import { Cutover } from './cutover.ts';
import type { ConnectionEvent, LineChange, LineEvent } from './line-event.ts';
import { LineTopics } from './line-topics.ts';
import { ManagedConnection } from './managed-connection.ts';
import { MAX_POSTPONEMENTS } from './rotation-age.ts';

// One line of a venue: opens its connections, and replaces one without missing data.

/**
 * The data of a new connection in this time after its subscription shows what the old connection must still deliver.
 * Milliseconds.
 */
const SETTLE_MS = 500;
const NONE: readonly never[] = [];
/**
 * If the venue announces the close of a new connection during its cutover, the next cutover begins this long after the
 * first one. Milliseconds.
 */
const AGAIN_AFTER_MS = 5000;

export interface ConnectionSlotOptions {
  readonly number: number;
  readonly plan: ConnectionPlan;
  readonly nextConnectionId: () => number;
  /** Opens a supervised connection, as `supervisedConnection` does. */
  readonly connect: (line: ConnectionSlot, connection: ManagedConnection) => Observable<ConnectionEvent>;
  /** True if a connection that reached its age may be replaced now. Else it waits for `postponeMs`. */
  readonly isTurn: () => boolean;
  readonly postponeMs: number;
  readonly askAgainMs: number;
  readonly report: (event: LineEvent) => void;
  readonly staleAfterMs: number;
  readonly scheduler: SchedulerLike;
}

interface Rotation {
  readonly notice: ConnectionClosing;
  readonly successor: ManagedConnection;
  readonly cutover: Cutover;
  readonly since: number;
  timers: Subscription;
}

/**
 * One line of a venue. For a cutover it opens a second connection, and closes the first one when the second misses
 * nothing. If one of the two is lost, the other continues: at most one of them reconnects.
 */
export class ConnectionSlot {
  readonly number: number;
  readonly plan: ConnectionPlan;
  readonly topics: LineTopics;
  readonly #options: ConnectionSlotOptions;
  #current: ManagedConnection;
  #rotation: Rotation | undefined;

  constructor(options: ConnectionSlotOptions) {
    this.#options = options;
    this.number = options.number;
    this.plan = options.plan;
    this.topics = new LineTopics(options.plan.topics, {
      ...options,
      ask: (topics) => this.command({ kind: 'subscribe', topics }),
    });
    this.#current = this.#newConnection();
  }

  get up(): boolean {
    return this.connectionsUp.length > 0;
  }

  /** Since when a connection has all subscriptions of the line, the scheduler's milliseconds. Undefined: none has them. */
  get subscribedSince(): number | undefined {
    const subscribed = this.connectionsUp.filter((connection) => connection.hasAll(this.topics.wanted));
    return subscribed.length === 0 ? undefined : Math.min(...subscribed.map(({ acknowledgedAt }) => acknowledgedAt));
  }

  /** The open connections: two during a cutover, none while it connects. */
  get connectionsUp(): readonly ManagedConnection[] {
    return this.#connections.filter(({ up }) => up);
  }

  get rotates(): boolean {
    return this.#rotation !== undefined;
  }

  start(): void {
    this.#connect(this.#current);
  }

  subscribe(topics: readonly string[]): void {
    this.topics.add(topics);
    if (this.#rotation !== undefined) this.#restart(this.#rotation);
    this.command({ kind: 'subscribe', topics });
  }

  unsubscribe(topics: readonly string[]): void {
    const own = this.topics.remove(topics);
    if (own.length > 0) this.command({ kind: 'unsubscribe', topics: own });
    if (this.#rotation !== undefined) this.#judgeSubscription(this.#rotation);
  }

  command(command: ConnectionCommand): void {
    for (const { commands$ } of this.#connections) commands$.next(command);
  }

  /** Begins a cutover, unless one is under way or the line is not connected. */
  rotate(notice: ConnectionClosing): void {
    if (!this.#current.up || this.#rotation !== undefined) return;
    const successor = this.#newConnection();
    this.#rotation = {
      notice,
      successor,
      cutover: new Cutover(),
      since: this.#options.scheduler.now(),
      timers: new Subscription(),
    };
    this.#connect(successor);
  }

  close(): void {
    this.topics.close();
    this.#rotation?.timers.unsubscribe();
    for (const connection of this.#connections) connection.close();
  }

  get #connections(): readonly ManagedConnection[] {
    return this.#rotation === undefined ? [this.#current] : [this.#current, this.#rotation.successor];
  }

  #newConnection(): ManagedConnection {
    return new ManagedConnection(this.#options.nextConnectionId(), this.#options.scheduler);
  }

  #connect(connection: ManagedConnection): void {
    const events$ = this.#options.connect(this, connection);
    connection.open(events$, (event) => this.#onEvent(connection, event));
  }

  #onEvent(connection: ManagedConnection, event: ConnectionEvent): void {
    if (event.kind === 'value') {
      this.#options.report({ kind: 'frame', connection: connection.id, frame: event });
      if (this.#rotation !== undefined) this.#onData(this.#rotation, connection, event);
      return;
    }
    // The event `lost` follows, with more details.
    if (event.kind === 'disconnected') return;
    if (event.kind === 'closing') {
      this.#onClosing(connection, event);
      return;
    }
    if (event.kind === 'lost') {
      this.#onLost(connection, event);
      return;
    }
    connection.note(event);
    if (event.kind === 'subscribed') this.#acknowledged(connection, event.topics);
    const newlyRefused = event.kind === 'refused' ? event.topics.filter((topic) => this.topics.refuse(topic)) : NONE;
    this.#report(connection, event, { newlyRefused });
    if (this.#rotation !== undefined) this.#judge(this.#rotation, connection, event);
  }

  /**
   * Handles acknowledged topics. During a cutover, topics that were refused before are also subscribed on the other
   * connection, which may have missed the request.
   */
  #acknowledged(by: ManagedConnection, topics: readonly string[]): void {
    const again = this.topics.acknowledge(topics);
    if (again.length === 0) return;
    if (this.#rotation !== undefined) this.#restart(this.#rotation);
    for (const other of this.#connections) if (other !== by) other.commands$.next({ kind: 'subscribe', topics: again });
  }

  /**
   * Begins a cutover, or postpones it. Only a cutover for age can wait: after a venue's announcement, the close may
   * come at any time.
   */
  #onClosing(connection: ManagedConnection, notice: ConnectionClosing): void {
    if (connection !== this.#current) {
      connection.notice = notice;
      return;
    }
    const { isTurn, postponeMs } = this.#options;
    if (notice.reason !== 'lifetime' || isTurn() || connection.postponements >= MAX_POSTPONEMENTS) {
      this.rotate(notice);
      return;
    }
    connection.postponements++;
    connection.later(postponeMs, () => this.#onClosing(connection, notice));
  }

  #onLost(connection: ManagedConnection, event: Extract<ConnectionEvent, { kind: 'lost' }>): void {
    const rotation = this.#rotation;
    const wasUp = connection.up;
    connection.lost();
    if (rotation === undefined) {
      this.#report(connection, event, { wasUp });
    } else if (connection === rotation.successor) {
      this.#restart(rotation);
      this.#report(connection, event, { wasUp });
    } else if (rotation.successor.waiting) {
      // Both must retry. The old connection's retry comes sooner, because it had data.
      this.#end(rotation);
      rotation.successor.close();
      this.#report(connection, event, { wasUp });
    } else {
      this.#end(rotation);
      this.#promote(rotation.successor);
      this.#report(connection, { ...event, retryInMs: 0, successor: true }, { wasUp });
      connection.close();
    }
  }

  #judge(rotation: Rotation, connection: ManagedConnection, event: ConnectionEvent): void {
    const { cutover, successor } = rotation;
    const isNew = connection === successor;
    if (isNew && event.kind === 'connected') this.#restart(rotation);
    if (!isNew && event.kind === 'answered') cutover.oldAnswered();
    if (isNew) this.#judgeSubscription(rotation);
  }

  #judgeSubscription(rotation: Rotation): void {
    if (!rotation.cutover.subscribed && rotation.successor.hasAll(this.topics.wanted)) this.#subscribed(rotation);
  }

  #onData(rotation: Rotation, connection: ManagedConnection, { value }: MarketFrame): void {
    const { cutover, successor } = rotation;
    const time = value.at(-1)?.timestamp ?? null;
    if (connection !== successor) cutover.byOld(time);
    else if (cutover.byNew(time)) this.#settleLater(rotation);
    if (isReady(rotation)) this.#finish(rotation);
  }

  /** Begins the cutover again: the successor must subscribe and deliver again. */
  #restart(rotation: Rotation): void {
    rotation.cutover.restart();
    rotation.timers.unsubscribe();
    rotation.timers = new Subscription();
  }

  #subscribed(rotation: Rotation): void {
    const { cutover } = rotation;
    cutover.subscribe();
    this.#settleLater(rotation);
    const waitMs = answerWindowMs(this.#options.staleAfterMs);
    const checkIdle = (): void => {
      if (cutover.idle) this.#finish(rotation);
      else this.#later(rotation, waitMs, checkIdle);
    };
    this.#later(rotation, waitMs, checkIdle);
  }

  #settleLater(rotation: Rotation): void {
    const { cutover } = rotation;
    this.#later(rotation, SETTLE_MS, () => {
      cutover.settle();
      if (isReady(rotation)) this.#finish(rotation);
    });
  }

  #later(rotation: Rotation, delayMs: number, work: () => void): void {
    rotation.timers.add(this.#options.scheduler.schedule(work, delayMs));
  }

  #finish(rotation: Rotation): void {
    const old = this.#current;
    this.#end(rotation);
    this.#promote(rotation.successor);
    const durationMs = this.#options.scheduler.now() - rotation.since;
    this.#report(rotation.successor, { kind: 'cut_over', from: old.id, notice: rotation.notice, durationMs });
    old.close();
  }

  #end(rotation: Rotation): void {
    rotation.timers.unsubscribe();
    this.#rotation = undefined;
  }

  #promote(connection: ManagedConnection): void {
    this.#current = connection;
    const { notice } = connection;
    if (notice !== undefined) connection.later(AGAIN_AFTER_MS, () => this.rotate(notice));
  }

  #report(
    connection: ManagedConnection,
    event: LineChange['event'],
    { wasUp = false, newlyRefused = NONE }: Partial<Pick<LineChange, 'wasUp' | 'newlyRefused'>> = {},
  ): void {
    const successor = this.#rotation?.successor === connection;
    this.#options.report({ kind: 'change', line: this, connection, successor, event, wasUp, newlyRefused });
  }
}

/**
 * Returns true if the old connection can close. A connection with late data need not catch up, because it is replaced
 * only while another line has the same data on time.
 */
function isReady({ cutover, notice }: Rotation): boolean {
  return cutover.caughtUp || (notice.reason === 'late' && cutover.settled);
}
