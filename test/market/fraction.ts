/**
 * A rational number that is never rounded. Tests compare figures with it. It is slow and simple, and uses no code of
 * src.
 */
export class Fraction {
  readonly above: bigint;
  readonly below: bigint;

  /** Moves the sign to `above`. @throws RangeError if `below` is 0. */
  constructor(above: bigint, below = 1n) {
    if (below === 0n) throw new RangeError('a fraction over 0');
    this.above = below < 0n ? -above : above;
    this.below = below < 0n ? -below : below;
  }

  static of(decimal: string): Fraction {
    const [whole = '', places = ''] = decimal.split('.');
    return new Fraction(BigInt(whole + places), 10n ** BigInt(places.length));
  }

  static sum(terms: readonly Fraction[]): Fraction {
    return terms.reduce((sum, term) => sum.plus(term), new Fraction(0n));
  }

  plus(other: Fraction): Fraction {
    return new Fraction(this.above * other.below + other.above * this.below, this.below * other.below);
  }

  minus(other: Fraction): Fraction {
    return this.plus(new Fraction(-other.above, other.below));
  }

  times(other: Fraction): Fraction {
    return new Fraction(this.above * other.above, this.below * other.below);
  }

  over(other: Fraction): Fraction {
    return new Fraction(this.above * other.below, this.below * other.above);
  }

  /** Returns a negative number, zero or a positive number if this is less than, equal to or greater than the other. */
  compare(other: Fraction): number {
    const difference = this.minus(other).above;
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }

  /** Canonical text, rounded half-even at 18 places, digit by digit. */
  toDecimal(): string {
    const { whole, places, rest } = this.#digits(18);
    let last = BigInt(whole + places);
    const twice = 2n * rest;
    if (twice > this.below || (twice === this.below && last % 2n === 1n)) last += 1n;
    const digits = last.toString().padStart(19, '0');
    const text = `${digits.slice(0, -18)}.${digits.slice(-18)}`.replace(/\.?0+$/, '');
    return this.above < 0n && text !== '0' ? `-${text}` : text;
  }

  /** The nearest double. JavaScript parses it from 60 decimal places, and one more digit if the number is longer. */
  toNumber(): number {
    const { whole, places, rest } = this.#digits(60);
    const size = Number(`${whole}.${places}${rest === 0n ? '' : '1'}`);
    return this.above < 0n ? -size : size;
  }

  #digits(count: number): { readonly whole: string; readonly places: string; readonly rest: bigint } {
    const size = this.above < 0n ? -this.above : this.above;
    let rest = size % this.below;
    let places = '';
    for (let i = 0; i < count; i++) {
      rest *= 10n;
      places += rest / this.below;
      rest %= this.below;
    }
    return { whole: `${size / this.below}`, places, rest };
  }
}
