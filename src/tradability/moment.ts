/** One moment on two clocks, milliseconds. */
export interface Moment {
  /** Our wall clock, since 1970; for comparison with timestamps of others. It jumps when somebody sets the clock. */
  readonly wall: number;
  /** A monotonic clock, for waits. */
  readonly monotonic: number;
}
