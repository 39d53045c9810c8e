/** One moment on two clocks, milliseconds. */
export interface Moment {
  /** Since 1970, our wall clock: what stamps of others are compared with. It may be set. */
  readonly wall: number;
  /** Since an arbitrary start, a clock that nobody sets: what waits are measured by. */
  readonly steady: number;
}
