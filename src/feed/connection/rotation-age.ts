/** How many lines of a group have a turn of their own; a fifth comes with the first. */
const TURNS = 4;
/** Of the unit below. */
const MARGIN = 6;
const STEP = 2;

/**
 * The age at which a connection is replaced before the venue closes it for its age, milliseconds: of a day at 23 hours
 * for the first line, 20 minutes earlier for each further one, and up to ten minutes earlier by chance, so that neither
 * the lines of a venue nor the feeds of this world do it together.
 *
 * @param line the line's place in its group, from 0
 * @param random uniform in [0, 1)
 */
export function rotationAge(lifetimeMs: number, line: number, random: () => number): number {
  return lifetimeMs - unit(lifetimeMs) * (MARGIN + (line % TURNS) * STEP + random());
}

/** How long a connection that has come of age waits when another line of the venue is being replaced, milliseconds. */
export function postponement(lifetimeMs: number): number {
  return unit(lifetimeMs);
}

/** So often it waits at the most: the margin is longer. */
export const MAX_POSTPONEMENTS = MARGIN - 1;

/** Ten minutes of a day; of a lifetime of seconds, as tests have it, enough to replace a connection. */
function unit(lifetimeMs: number): number {
  return Math.max(lifetimeMs / 144, Math.min(lifetimeMs / 16, 1000));
}
