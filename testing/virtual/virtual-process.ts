import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';
import { Fault } from '../../src/domain/fault.ts';
import type { VenueId } from '../../src/domain/instrument.ts';
import type { Network } from '../../src/net/network.ts';
import type { Socket, SocketHandlers } from '../../src/net/open-socket.ts';
import type { VirtualWorld } from './virtual-world.ts';

/**
 * A process in the virtual world. After a kill, its scheduler and its network do nothing. While it is paused, everything
 * that happens to it waits.
 */
export class VirtualProcess {
  readonly scheduler: SchedulerLike;
  isAlive = true;
  /** How much the wall clock of this machine is ahead, milliseconds. */
  clockAheadMs = 0;
  /** Before this time, the network refuses new connections, milliseconds of virtual time. */
  connectsFrom = 0;
  readonly #world: VirtualWorld;
  #pausedUntil = 0;
  /** What happened during the pause, in order. */
  #waiting: (() => void)[] = [];
  readonly #sockets: Socket[] = [];

  constructor(world: VirtualWorld) {
    this.#world = world;
    this.scheduler = new MortalScheduler(world.scheduler, this);
  }

  readonly networks = (id: VenueId): Network => {
    const network = this.#world.networks(id);
    return {
      open: (url, options, handlers) => {
        if (this.scheduler.now() < this.connectsFrom) return this.#refused(handlers);
        const socket = network.open(url, options, this.#whenAwake(handlers));
        this.#sockets.push(socket);
        return socket;
      },
      get: (...args) => this.alive(network.get(...args)),
    };
  };

  /** The clocks, the network and the random numbers of this process, for `startPipeline`. */
  get dependencies() {
    const { random } = this.#world;
    const wallClockMs = () => this.#world.wallClockMs() + this.clockAheadMs;
    return {
      scheduler: this.scheduler,
      wallClockMs,
      clock: () => 1000 * wallClockMs(),
      networks: this.networks,
      random: () => random.fraction(),
    };
  }

  /** Kills the process as `kill -9` does: the operating system closes its connections. */
  kill(): void {
    this.isAlive = false;
    for (const socket of this.#sockets) socket.close();
  }

  /** Pauses the process, as the signal SIGSTOP does, for `ms` milliseconds. */
  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#world.scheduler.now() + ms);
  }

  /** For how many milliseconds the process stays paused. */
  get pausedMs(): number {
    return Math.max(0, this.#pausedUntil - this.#world.scheduler.now());
  }

  /** Runs the work now, or when the process is no longer paused. Does nothing after a kill. */
  whenAwake(work: () => void): void {
    if (this.pausedMs === 0 && this.#waiting.length === 0) {
      if (this.isAlive) work();
      return;
    }
    this.#waiting.push(work);
    if (this.#waiting.length === 1) this.#wakeUp();
  }

  #wakeUp(): void {
    this.#world.scheduler.after(this.pausedMs, () => {
      if (this.pausedMs > 0) {
        this.#wakeUp();
        return;
      }
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const work of waiting) if (this.isAlive) work();
    });
  }

  /** Returns a promise with the same result, which never settles after the process is killed. */
  alive<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => this.whenAwake(() => resolve(value)),
        (error: unknown) => this.whenAwake(() => reject(error)),
      );
    });
  }

  #refused(handlers: SocketHandlers): Socket {
    const fault = new Fault('connect_failed', 'the network refuses connections');
    this.scheduler.schedule(() => handlers.onEnd({ kind: 'failed', fault }));
    return { send: () => {}, ping: () => {}, close: () => {} };
  }

  /** The same handlers. While the process is paused, calls wait. */
  #whenAwake(handlers: SocketHandlers): SocketHandlers {
    return {
      onOpen: () => this.whenAwake(() => handlers.onOpen()),
      onFrame: (frame) => {
        if (this.pausedMs === 0 && this.#waiting.length === 0) handlers.onFrame(frame);
        // The frame's data is a view into a buffer that is reused.
        else {
          const kept = { ...frame, data: new Uint8Array(frame.data) };
          this.whenAwake(() => handlers.onFrame(kept));
        }
      },
      onPing: () => this.whenAwake(() => handlers.onPing()),
      onPong: () => this.whenAwake(() => handlers.onPong()),
      onEnd: (end) => this.whenAwake(() => handlers.onEnd(end)),
    };
  }
}

class MortalScheduler implements SchedulerLike {
  readonly #scheduler: SchedulerLike;
  readonly #process: VirtualProcess;

  constructor(scheduler: SchedulerLike, process: VirtualProcess) {
    this.#scheduler = scheduler;
    this.#process = process;
  }

  now(): number {
    return this.#scheduler.now();
  }

  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    const process = this.#process;
    if (!process.isAlive) return new Subscription();
    const runs = function (this: SchedulerAction<T>, given?: T): void {
      const { pausedMs } = process;
      if (pausedMs > 0) this.schedule(given, pausedMs);
      else if (process.isAlive) work.call(this, given);
    };
    return this.#scheduler.schedule(runs, delay, state);
  }
}
