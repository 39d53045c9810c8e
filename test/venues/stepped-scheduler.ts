import { VirtualAction, VirtualTimeScheduler } from 'rxjs';

/** A scheduler whose time only a test advances, while sockets work in real time. */
export class SteppedScheduler extends VirtualTimeScheduler {
  constructor() {
    super(VirtualAction, 0);
  }

  /** Runs everything that is due within the next milliseconds, each at its time. */
  advance(ms: number): void {
    const target = this.frame + ms;
    this.maxFrames = target;
    this.flush();
    this.frame = target;
  }

  /** Number of timers that have not run. */
  get waiting(): number {
    return this.actions.length;
  }
}
