/** Microseconds since 1970 by the wall clock. */
export type WallClock = () => number;

/** The two clocks that a wall clock is made of; both in milliseconds. */
export interface ClockSources {
  /** Since 1970, whole milliseconds, may be stepped: `Date.now`. */
  readonly wall: () => number;
  /** Since whenever, with fractions, never stepped: `performance.now`. */
  readonly monotonic: () => number;
}

const SYSTEM: ClockSources = { wall: Date.now, monotonic: () => performance.now() };

/** How far the fine clock may run ahead of the coarse one before it is set anew, milliseconds. */
const TOLERANCE_MS = 2;

/**
 * A wall clock with microsecond steps: the system's milliseconds, refined by the monotonic clock.
 * It is never behind the system's clock and at most 2 ms ahead; a stepped or slewed clock is followed at once.
 */
export function wallClock(sources: ClockSources = SYSTEM): WallClock {
  const { wall, monotonic } = sources;
  let offset = wall() - monotonic();
  return () => {
    const coarse = wall();
    let fine = monotonic() + offset;
    if (fine < coarse || fine > coarse + TOLERANCE_MS) {
      offset = wall() - monotonic();
      fine = coarse;
    }
    return Math.trunc(fine * 1000);
  };
}
