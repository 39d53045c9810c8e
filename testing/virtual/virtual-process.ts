import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';
import type { VenueId } from '../../src/domain/instrument.ts';
import type { Network } from '../../src/net/network.ts';
import type { Socket } from '../../src/net/open-socket.ts';
import type { VirtualWorld } from './virtual-world.ts';

/** What a process sees of the virtual world; once it is killed it sees nothing and does nothing any more. */
export class VirtualProcess {
  readonly scheduler: SchedulerLike;
  isAlive = true;
  readonly #world: VirtualWorld;
  readonly #sockets: Socket[] = [];

  constructor(world: VirtualWorld) {
    this.#world = world;
    this.scheduler = new MortalScheduler(world.scheduler, () => this.isAlive);
  }

  readonly networks = (id: VenueId): Network => {
    const network = this.#world.networks(id);
    return {
      open: (...args) => {
        const socket = network.open(...args);
        this.#sockets.push(socket);
        return socket;
      },
      get: (...args) => this.alive(network.get(...args)),
    };
  };

  /** As `kill -9`: the system closes its connections. */
  kill(): void {
    this.isAlive = false;
    for (const socket of this.#sockets) socket.close();
  }

  /** The same promise for as long as the process lives; then nothing comes of it. */
  alive<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => this.isAlive && resolve(value),
        (error: unknown) => this.isAlive && reject(error),
      );
    });
  }
}

class MortalScheduler implements SchedulerLike {
  readonly #scheduler: SchedulerLike;
  readonly #isAlive: () => boolean;

  constructor(scheduler: SchedulerLike, isAlive: () => boolean) {
    this.#scheduler = scheduler;
    this.#isAlive = isAlive;
  }

  now(): number {
    return this.#scheduler.now();
  }

  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    const isAlive = this.#isAlive;
    if (!isAlive()) return new Subscription();
    const runs = function (this: SchedulerAction<T>, given?: T): void {
      if (isAlive()) work.call(this, given);
    };
    return this.#scheduler.schedule(runs, delay, state);
  }
}
