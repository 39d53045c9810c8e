/* Decides at which age a line's connection is replaced, before the venue closes it. */

/** Number of different ages: the fifth line of a group has the age of the first. */
const TURNS = 4;
/** How long before the lifetime's end the first line is replaced, as a multiple of `unit`. */
const MARGIN = 6;
const STEP = 2;

/**
 * Returns the age at which to replace a connection before the venue closes it, milliseconds. If the lifetime is a day,
 * the age is 23 hours for the first line, and 20 minutes less for each of the next three. Up to ten random minutes are
 * subtracted, so that feeds reconnect at different times.
 *
 * @param line the line's place in its group, from 0
 * @param random uniform in [0, 1)
 */
export function rotationAge(lifetimeMs: number, line: number, random: () => number): number {
  return lifetimeMs - unit(lifetimeMs) * (MARGIN + (line % TURNS) * STEP + random());
}

/** Returns how long a connection waits if another line of the venue is being replaced, milliseconds. */
export function postponement(lifetimeMs: number): number {
  return unit(lifetimeMs);
}

/** How often a replacement may be postponed. All postponements together are shorter than the margin. */
export const MAX_POSTPONEMENTS = MARGIN - 1;

/**
 * Returns ten minutes if the lifetime is a day. If it is seconds, as in tests, returns enough time to replace a
 * connection.
 */
function unit(lifetimeMs: number): number {
  return Math.max(lifetimeMs / 144, Math.min(lifetimeMs / 16, 1000));
}
