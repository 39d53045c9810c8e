/** Returns microseconds since 1970. */
export type WallClock = () => number;

/** How far the refined clock may run ahead of the system's clock, milliseconds. */
const TOLERANCE_MS = 2;

/** Refines the system's clock by the monotonic clock: never behind the system's milliseconds, at most 2 ms ahead. */
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
