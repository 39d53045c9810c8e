/** Returns microseconds since 1970. */
export type WallClock = () => number;

/** How far the fine clock may run ahead of the coarse one, milliseconds. */
const TOLERANCE_MS = 2;

/** Refines the system's milliseconds by the monotonic clock: never behind them, at most 2 ms ahead. */
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
