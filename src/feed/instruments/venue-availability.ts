import { getOrCreate } from '../../domain/get-or-create.ts';

export interface Serving {
  readonly venue: string;
  readonly symbol: string;
  readonly serves: boolean;
}

/**
 * Knows which symbols a venue lacks although another venue lists them. A venue without a list lacks nothing. Pure: no
 * clock, no I/O.
 */
export class VenueAvailability {
  readonly #byVenue = new Map<string, Set<string>>();

  /** Adds symbols to a venue's list. Returns what changes, at any venue. */
  listed(venue: string, symbols: readonly string[]): readonly Serving[] {
    const isKnown = this.#byVenue.has(venue);
    const own = getOrCreate(this.#byVenue, venue, () => new Set<string>());
    for (const symbol of symbols) own.add(symbol);
    const others = [...this.#byVenue].filter(([id]) => id !== venue);
    const lacked = others.flatMap(([id, theirs]) =>
      symbols.filter((symbol) => !theirs.has(symbol)).map((symbol) => ({ venue: id, symbol, serves: false })),
    );
    if (isKnown) return [...symbols.map((symbol) => ({ venue, symbol, serves: true })), ...lacked];
    const elsewhere = new Set(others.flatMap(([, theirs]) => [...theirs]));
    const lacks = [...elsewhere.difference(own)].map((symbol) => ({ venue, symbol, serves: false }));
    return [...lacks, ...lacked];
  }

  /** Removes a symbol from a venue's list. Returns true if no venue lists it any more. */
  delisted(venue: string, symbol: string): boolean {
    this.#byVenue.get(venue)?.delete(symbol);
    return ![...this.#byVenue.values()].some((symbols) => symbols.has(symbol));
  }

  /** Forgets a venue that has stopped. It lacks nothing until its next list. Returns what changes. */
  forget(venue: string): readonly Serving[] {
    const own = this.#byVenue.get(venue);
    this.#byVenue.delete(venue);
    if (own === undefined) return [];
    const elsewhere = new Set([...this.#byVenue.values()].flatMap((theirs) => [...theirs]));
    return [...elsewhere.difference(own)].map((symbol) => ({ venue, symbol, serves: true }));
  }
}
