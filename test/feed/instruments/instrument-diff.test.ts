import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Instrument } from '../../../src/domain/instrument.ts';
import { InstrumentDiff } from '../../../src/feed/instruments/instrument-diff.ts';
import { instrument } from '../connection/scripted-lines.ts';

type Coins = Iterable<string>;

/** The followed coins of a venue whose list is requested again and again. */
class Followed {
  readonly #instruments: Map<string, Instrument>;
  readonly #changes: InstrumentDiff;
  readonly #isOurs: (coin: string) => boolean;

  constructor(first: Coins, isOurs: (coin: string) => boolean = () => true) {
    this.#isOurs = isOurs;
    const list = this.#listOf(first);
    this.#changes = new InstrumentDiff(list);
    this.#instruments = new Map(list.ours.map((one) => [one.venueSymbol, one]));
  }

  #listOf(coins: Coins) {
    const all = [...coins].map(instrument);
    return {
      all: all.map(({ venueSymbol }) => venueSymbol),
      ours: all.filter(({ coin }) => this.#isOurs(coin)),
    };
  }

  /** The followed coins after an answer; undefined if the answer is doubtful. */
  after(coins: Coins): string | undefined {
    const change = this.#changes.next(this.#listOf(coins), this.#instruments);
    if (change === undefined) return undefined;
    for (const { venueSymbol } of change.delisted) this.#instruments.delete(venueSymbol);
    for (const one of change.listed) this.#instruments.set(one.venueSymbol, one);
    return this.coins;
  }

  get coins(): string {
    return [...this.#instruments.values()]
      .map(({ coin }) => coin)
      .sort()
      .join('');
  }
}

describe('InstrumentDiff', () => {
  it('adds a new instrument at once, and removes one that two lists in a row lack', () => {
    const followed = new Followed('ABC');
    expect(followed.after('BCD')).toBe('ABCD');
    expect(followed.after('BCD')).toBe('BCD');
    expect(followed.after('CD')).toBe('BCD');
    expect(followed.after('BCD')).toBe('BCD');
    expect(followed.after('CD')).toBe('BCD');
  });

  it('ignores a list that lacks more than half of the previous rows, unless the next list confirms it', () => {
    const followed = new Followed('ABCDE');
    expect(['AB', 'ABX', 'AB'].map((answer) => followed.after(answer))).toEqual([undefined, 'ABCDEX', 'ABX']);
    expect(followed.after('AB')).toBe('AB');
  });

  it('judges a list by all its rows, not only by the followed instruments', () => {
    const followed = new Followed('ABCDEF', (coin) => coin < 'C');
    expect([followed.after('CDEF'), followed.after('CDEF')]).toEqual(['AB', '']);
  });

  const coins = fc.uniqueArray(fc.constantFrom(...'ABCDEFGH'), { minLength: 1 });

  it('removes no instrument because of one wrong list', () => {
    fc.assert(
      fc.property(coins, coins, fc.nat(3), (right, wrong, before) => {
        const followed = new Followed(right);
        for (let answer = 0; answer < before; answer++) followed.after(right);
        for (const answer of [wrong, right, right, right]) {
          followed.after(answer);
          expect(right.every((coin) => followed.coins.includes(coin))).toBe(true);
        }
        expect(followed.coins).toBe([...right].sort().join(''));
      }),
    );
  });

  it("follows exactly the venue's instruments after three equal lists", () => {
    fc.assert(
      fc.property(fc.array(coins, { minLength: 1 }), coins, (past, now) => {
        const followed = new Followed(past[0] as string[]);
        for (const answer of past) followed.after(answer);
        for (let answer = 0; answer < 3; answer++) followed.after(now);
        expect(followed.coins).toBe([...now].sort().join(''));
      }),
    );
  });
});
