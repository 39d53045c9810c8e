import type { SchedulerLike } from 'rxjs';

/** Longest time of a turn, milliseconds. A turn may wait for brokers, and should not delay the others for long. */
const MAX_TURN_MS = 500;

export interface Turn {
  /** Queues up, and resolves when all turns before are over. Further calls return the same promise. */
  begin(): Promise<void>;
  /** Lets the next turn begin. */
  end(): void;
}

/** A queue of tasks. A task begins when the one before has ended, or has taken half a second. */
export class Turns {
  readonly #scheduler: SchedulerLike;
  #last: Promise<unknown> = Promise.resolve();

  constructor(scheduler: SchedulerLike) {
    this.#scheduler = scheduler;
  }

  newTurn(): Turn {
    const over = Promise.withResolvers<void>();
    let begun: Promise<void> | undefined;
    const beginAfter = async (before: Promise<unknown>): Promise<void> => {
      await before;
      const limit = this.#scheduler.schedule(() => over.resolve(), MAX_TURN_MS);
      void over.promise.then(() => limit.unsubscribe());
    };
    return {
      begin: () => {
        if (begun === undefined) {
          begun = beginAfter(this.#last);
          this.#last = Promise.all([begun, over.promise]);
        }
        return begun;
      },
      end: () => over.resolve(),
    };
  }
}
