/** A seeded generator of 32-bit numbers (mulberry32): the same seed gives the same sequence on every machine. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  /** The next integer, 0 … 2^32 − 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    const a = this.state;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** The next number, 0 ≤ x < 1. */
  fraction(): number {
    return this.next() / 4294967296;
  }

  /** The next integer, 0 ≤ x < bound. */
  below(bound: number): number {
    return Math.floor(this.fraction() * bound);
  }

  /** Roughly normal with mean 0 and deviation 1 (a sum of four uniform numbers, within ±3.5). */
  normal(): number {
    return (this.fraction() + this.fraction() + this.fraction() + this.fraction() - 2) * 1.7320508;
  }
}

/** Uniform in [0, 1), the same from the same seed (32 bits). */
export function seededRandom(seed: number): () => number {
  const random = new Random(seed);
  return () => random.fraction();
}

/** A 32-bit hash of two integers. */
export function hash(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b ^ (b >>> 16), 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return (h ^ (h >>> 15)) >>> 0;
}

/** A 32-bit hash of a text, to mix names into a seed. */
export function hashText(text: string, seed: number): number {
  let h = seed | 0;
  for (let i = 0; i < text.length; i++) h = hash(h, text.charCodeAt(i));
  return h;
}
