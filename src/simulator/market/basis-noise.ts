import { Random } from './random.ts';

/** The part of the difference that goes back to zero in a second of market time. */
const PULL = 0.05;
/** Deviation of a step, so that the difference has the deviation 1. */
const STEP = Math.sqrt(1 - (1 - PULL) ** 2);

/**
 * How the price of one coin at one venue differs from the fair price: a random walk that is pulled back to zero within
 * some twenty seconds. Real venues differ in the same way, because arbitrage takes time.
 */
export class BasisNoise {
  private readonly random: Random;
  private readonly deviation: number;
  private second = 0;
  private from = 0;
  private to = 0;

  /** @param bps deviation of the difference, basis points */
  constructor(seed: number, bps: number) {
    this.random = new Random(seed);
    this.deviation = bps / 10_000;
  }

  /** Returns the factor of the fair price at `seconds` of market time. Call it with rising times. */
  factorAt(seconds: number): number {
    const whole = Math.floor(seconds);
    while (this.second <= whole) {
      this.second++;
      this.from = this.to;
      this.to += this.random.normal() * STEP - this.to * PULL;
    }
    return 1 + this.deviation * (this.from + (this.to - this.from) * (seconds - whole));
  }
}
