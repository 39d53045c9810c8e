/** Microseconds since 1970 by the wall clock. */
export type WallClock = () => number;

/** How far the fine clock may run ahead of the coarse one before it is set anew, milliseconds. */
const TOLERANCE_MS = 2;

/**
 * A wall clock with microsecond steps: the system's milliseconds, refined by the monotonic clock.
 * `wall`: whole milliseconds since 1970, may be stepped; `monotonic`: milliseconds since whenever, never stepped.
 * It is never behind the system's clock and at most 2 ms ahead; a stepped or slewed clock is followed at once.
 */
export function wallClock(wall = Date.now, monotonic = () => performance.now()): WallClock {
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
