/** One moment on two clocks, milliseconds. */
export interface Moment {
  /** Our wall clock, since 1970; for comparison with timestamps of others. It jumps when somebody sets the clock. */
  readonly wall: number;
  /** A monotonic clock, for waits. */
  readonly monotonic: number;
}

/**
 * Returns how far a record's timestamp is ahead of our wall clock when the record came, milliseconds; 0 if it came
 * before the start (`cameAt` is -Infinity). It is computed with the present wall clock, so setting the clock changes it
 * at once.
 */
export function aheadMs(stampedAt: number, cameAt: number, { wall, monotonic }: Moment): number {
  if (cameAt === Number.NEGATIVE_INFINITY) return 0;
  return stampedAt - (wall - (monotonic - cameAt));
}
