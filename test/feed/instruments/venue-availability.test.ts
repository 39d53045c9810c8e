import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VenueAvailability } from '../../../src/feed/instruments/venue-availability.ts';

describe('VenueAvailability', () => {
  it('returns the symbols that each venue lacks and another venue lists', () => {
    const listed = new VenueAvailability();
    expect(listed.listed('bybit', ['A', 'B'])).toEqual([]);
    expect(listed.listed('binance', ['B', 'C'])).toEqual([
      { venue: 'binance', symbol: 'A', serves: false },
      { venue: 'bybit', symbol: 'C', serves: false },
    ]);
  });

  it('returns that a venue serves a newly listed symbol, and that the other venues lack it', () => {
    const listed = new VenueAvailability();
    listed.listed('bybit', ['A']);
    listed.listed('binance', ['A']);
    expect(listed.listed('bybit', ['N'])).toEqual([
      { venue: 'bybit', symbol: 'N', serves: true },
      { venue: 'binance', symbol: 'N', serves: false },
    ]);
    expect(listed.listed('binance', ['N'])).toEqual([{ venue: 'binance', symbol: 'N', serves: true }]);
  });

  it('delisted() returns true only for the last venue that delists a symbol', () => {
    const listed = new VenueAvailability();
    listed.listed('bybit', ['A']);
    listed.listed('binance', ['A']);
    expect(listed.delisted('bybit', 'A')).toBe(false);
    expect(listed.delisted('binance', 'A')).toBe(true);
  });

  it('treats a stopped venue as lacking no symbol', () => {
    const listed = new VenueAvailability();
    listed.listed('bybit', ['A']);
    listed.listed('binance', ['B']);
    expect(listed.forget('binance')).toEqual([{ venue: 'binance', symbol: 'A', serves: true }]);
    expect(listed.listed('bybit', ['C'])).toEqual([{ venue: 'bybit', symbol: 'C', serves: true }]);
  });

  it('marks symbols that a venue lacks and another lists, and none that it lists, in any order of lists', () => {
    const symbols = fc.uniqueArray(fc.constantFrom('A', 'B', 'C', 'D'), { minLength: 1 });
    const step = fc.record({ venue: fc.constantFrom('x', 'y', 'z'), symbols, gone: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const availability = new VenueAvailability();
        const lists = new Map<string, Set<string>>();
        const lacking = new Map<string, Set<string>>();
        const lackingOf = (venue: string) => {
          const own = lacking.get(venue) ?? new Set();
          lacking.set(venue, own);
          return own;
        };
        for (const { venue, symbols, gone } of steps) {
          if (gone && lists.has(venue)) {
            // A delisting reaches the feed as the venue's own event.
            for (const symbol of symbols) {
              availability.delisted(venue, symbol);
              lists.get(venue)?.delete(symbol);
              lackingOf(venue).add(symbol);
            }
            continue;
          }
          lists.set(venue, (lists.get(venue) ?? new Set()).union(new Set(symbols)));
          for (const { venue: of, symbol, serves } of availability.listed(venue, symbols))
            if (serves) lackingOf(of).delete(symbol);
            else lackingOf(of).add(symbol);
        }
        for (const [venue, own] of lists) {
          expect([...lackingOf(venue).intersection(own)]).toEqual([]);
          const elsewhere = [...lists].filter(([id]) => id !== venue).flatMap(([, theirs]) => [...theirs]);
          for (const symbol of elsewhere) expect(own.has(symbol) || lackingOf(venue).has(symbol)).toBe(true);
        }
      }),
    );
  });
});
