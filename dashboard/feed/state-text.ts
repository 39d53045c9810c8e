import { age } from '../text/time-text.ts';

/** The age of an older book is shown, milliseconds. */
const OLD_MS = 2000;
/** A book that is unchanged for longer counts as out of date, milliseconds. */
const UNCHANGED_MS = 10_000;

interface BookState {
  readonly outOfStep: boolean;
  readonly ageMs: number;
  /** Why all data of the coin is out of date. */
  readonly coinNote: string | undefined;
}

/** Why the book may be out of date; undefined if it is not. */
export function bookNote({ outOfStep, ageMs, coinNote }: BookState): string | undefined {
  if (outOfStep) return `out of step for ${age(ageMs)}`;
  return coinNote ?? (ageMs > UNCHANGED_MS ? `unchanged for ${age(ageMs)}` : undefined);
}

/** The age of a book; undefined if it is too young to be worth saying. */
export function bookAge(ageMs: number): string | undefined {
  return ageMs > OLD_MS ? `${age(ageMs)} old` : undefined;
}

/** The text for missing content. `awaitedFrom`: the venue that has just begun to serve. */
export function noneYet(what: string, awaitedFrom: string | null): string {
  return awaitedFrom === null ? `No ${what} yet.` : `Waiting for the ${what} of ${awaitedFrom}.`;
}
