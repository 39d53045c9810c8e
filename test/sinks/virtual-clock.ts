import { setImmediate as turn } from 'node:timers/promises';
import { VirtualTimeScheduler } from 'rxjs';

/** A scheduler whose time moves only when a test says so, and lets promises settle on its way. */
export class VirtualClock extends VirtualTimeScheduler {
  /** Moves on by `ms`, running what is due, in order. */
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
