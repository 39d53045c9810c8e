import { getOrCreate } from '../../domain/get-or-create.ts';

/** That a venue has a symbol, or has it not. */
export interface Serving {
  readonly venue: string;
  readonly symbol: string;
  readonly serves: boolean;
}

/**
 * Which venue lists which symbol, where each follows all that it lists: a venue lacks what another lists and it does
 * not. A venue that has told nothing yet lacks nothing. No clock, no I/O.
 */
export class ListedAt {
  readonly #byVenue = new Map<string, Set<string>>();

  /** A venue lists these, beside what it told before. What is new by it, of any venue. */
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

  /** True where no venue lists it any more. */
  delisted(venue: string, symbol: string): boolean {
    this.#byVenue.get(venue)?.delete(symbol);
    return ![...this.#byVenue.values()].some((symbols) => symbols.has(symbol));
  }

  /** The venue does not run any more: it lacks nothing until it tells its list anew. */
  forget(venue: string): readonly Serving[] {
    const own = this.#byVenue.get(venue);
    this.#byVenue.delete(venue);
    if (own === undefined) return [];
    const elsewhere = new Set([...this.#byVenue.values()].flatMap((theirs) => [...theirs]));
    return [...elsewhere.difference(own)].map((symbol) => ({ venue, symbol, serves: true }));
  }
}
