import type { Instrument } from '../../domain/instrument.ts';
import type { VenueList } from './poll-instruments.ts';

export interface InstrumentDifference {
  readonly listed: readonly Instrument[];
  readonly delisted: readonly Instrument[];
}

/**
 * Turns a venue's lists into changes of what is followed. Two lists in a row without an instrument remove it. A list
 * that lacks more than half of the previous rows is doubtful and changes nothing. Pure: no clock, no I/O.
 */
export class InstrumentDiff {
  /** All rows of the last list. */
  #all: ReadonlySet<string>;
  /** Followed instruments that the last valid list lacks. */
  #lacked: ReadonlySet<string> = new Set();

  constructor({ all }: Pick<VenueList, 'all'>) {
    this.#all = new Set(all);
  }

  /** Compares a list with the followed instruments, by the venue's symbol. Undefined: the list is doubtful. */
  next(
    { all, ours }: Pick<VenueList, 'all' | 'ours'>,
    followed: ReadonlyMap<string, Instrument>,
  ): InstrumentDifference | undefined {
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
