/** One moment on two clocks, milliseconds. */
export interface Moment {
  /** Our wall clock, since 1970; for comparison with the timestamps of others. It may be set. */
  readonly wall: number;
  /** A monotonic clock, for waits. */
  readonly monotonic: number;
}
