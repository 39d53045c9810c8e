import { VirtualAction, VirtualTimeScheduler } from 'rxjs';

/** Time that passes only when a test says so, while sockets go on for real. */
export class SteppedScheduler extends VirtualTimeScheduler {
  constructor() {
    super(VirtualAction, 0);
  }

  /** Runs all that is due within the next milliseconds, each at its time. */
  advance(ms: number): void {
    const target = this.frame + ms;
    this.maxFrames = target;
    this.flush();
    this.frame = target;
  }

  /** Timers set and not run. */
  get waiting(): number {
    return this.actions.length;
  }
}
