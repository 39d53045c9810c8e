import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';
import type { VenueId } from '../../src/domain/instrument.ts';
import type { Network } from '../../src/net/network.ts';
import type { Socket } from '../../src/net/open-socket.ts';
import type { VirtualWorld } from './virtual-world.ts';

/** A process in the virtual world. After a kill, its scheduler and its network do nothing. */
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

  /** The clocks, the network and the random numbers of this process, for `startPipeline`. */
  get dependencies() {
    const { wallClockMs, random } = this.#world;
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

  /** Returns a promise with the same result, which never settles after the process is killed. */
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
