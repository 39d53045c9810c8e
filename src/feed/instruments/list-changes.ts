import type { Instrument } from '../../domain/instrument.ts';
import type { VenueList } from './listings.ts';

export interface ListChange {
  readonly listed: readonly Instrument[];
  readonly delisted: readonly Instrument[];
}

/**
 * What a venue's answers change in what is followed. An instrument is listed where one answer has it, and delisted where
 * two in a row lack it. An answer that lacks more than half of what the one before had, in all and not only of what is
 * ours, is doubtful and counts for nothing: where it was no mistake, the next one is like it. No clock, no I/O.
 */
export class ListChanges {
  /** Of the last answer, doubtful or not. */
  #all: ReadonlySet<string>;
  /** What is followed and the last answer that counts lacks. */
  #lacked: ReadonlySet<string> = new Set();

  constructor({ all }: VenueList) {
    this.#all = new Set(all);
  }

  /** `followed`: by the venue's symbol. Undefined: the answer is doubtful. */
  next({ all, ours }: VenueList, followed: ReadonlyMap<string, Instrument>): ListChange | undefined {
    const before = this.#all;
    this.#all = new Set(all);
    if (before.difference(this.#all).size * 2 > before.size) return undefined;
    const there = new Set(ours.map(({ venueSymbol }) => venueSymbol));
    const lacks = [...followed.values()].filter(({ venueSymbol }) => !there.has(venueSymbol));
    const delisted = lacks.filter(({ venueSymbol }) => this.#lacked.has(venueSymbol));
    this.#lacked = new Set(lacks.map(({ venueSymbol }) => venueSymbol));
    return { listed: ours.filter(({ venueSymbol }) => !followed.has(venueSymbol)), delisted };
  }
}
