import type { Gap } from '../domain/record.ts';
import { isMissing } from '../domain/trade-id.ts';

/** How long a gap is remembered after its end, milliseconds of event time. */
const REMEMBERED_MS = 600_000;

type Span = Pick<Gap, 'fromTime' | 'toTime' | 'outcome'>;

/** Remembers where the last gaps of a series lie in time. */
export class GapSpans {
  #spans: Span[] = [];

  /** @param gap its last record */
  add(gap: Span): void {
    this.#spans = this.#spans.filter(({ toTime }) => toTime >= gap.fromTime - REMEMBERED_MS);
    this.#spans.push(gap);
  }

  /** Returns true if a gap with missing trades reaches into the time from `start` to `end`, exclusive. */
  isOpen(start: number, end: number): boolean {
    return this.#in(start, end).some(({ outcome }) => isMissing(outcome));
  }

  /** Returns true if gaps reach into this time, and all of them are healed or repaired, at least one healed. */
  isHealed(start: number, end: number): boolean {
    const outcomes = this.#in(start, end).map(({ outcome }) => outcome);
    return outcomes.includes('healed') && !outcomes.some(isMissing);
  }

  #in(start: number, end: number): readonly Span[] {
    return this.#spans.filter(({ fromTime, toTime }) => fromTime < end && toTime >= start);
  }
}
