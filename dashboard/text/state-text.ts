import { age } from './time-text.ts';

/** A book that changes less often is worth a word. */
const UNCHANGED_MS = 10_000;

interface BookState {
  readonly outOfStep: boolean;
  readonly ageMs: number;
  /** Why nothing of the coin is the present. */
  readonly coinNote: string | undefined;
}

/** Why the book may not be the present one; undefined: it is. */
export function bookNote({ outOfStep, ageMs, coinNote }: BookState): string | undefined {
  if (outOfStep) return `out of step for ${age(ageMs)}`;
  return coinNote ?? (ageMs > UNCHANGED_MS ? `unchanged for ${age(ageMs)}` : undefined);
}

/** Stands where there is no such thing. `awaitedFrom`: the venue that serves since a moment ago. */
export function noneYet(what: string, awaitedFrom: string | null): string {
  return awaitedFrom === null ? `No ${what} yet.` : `Waiting for the ${what} of ${awaitedFrom}.`;
}
