import { setImmediate as turn } from 'node:timers/promises';
import { VirtualTimeScheduler } from 'rxjs';

/** A scheduler whose time only a test advances. Promises settle in between. */
export class VirtualClock extends VirtualTimeScheduler {
  /** Advances the time by `ms`, and runs what is due in order. */
  async advance(ms: number): Promise<void> {
    const end = this.frame + ms;
    for (;;) {
      await turn();
      const next = this.actions[0];
      if (next === undefined || next.delay > end) break;
      this.maxFrames = next.delay;
      this.flush();
    }
    this.frame = end;
    await turn();
  }
}
