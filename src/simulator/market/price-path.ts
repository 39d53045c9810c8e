import { Random } from './random.ts';

/** Seconds of market time between two points of the walk. */
const STEP = 0.1;
const VOLATILITY = 0.00004;
const PULL = 0.00002;

/**
 * The fair price of one coin over market time: a random walk with calm and wild stretches, pulled back to its start.
 * Venues with the same seed get the same path, so their prices agree.
 */
export class PricePath {
  private readonly random: Random;
  private readonly start: number;
  private step = 0;
  private from = 0;
  private to = 0;
  private wildSteps = 0;

  constructor(seed: number, price: number) {
    this.random = new Random(seed);
    this.start = price * (1 + 0.02 * this.random.normal());
  }

  /** Returns the price in USDT at `seconds` of market time. Call it with rising times. */
  at(seconds: number): number {
    const position = seconds / STEP;
    const whole = Math.floor(position);
    while (this.step <= whole) this.advance();
    return this.start * (1 + this.from + (this.to - this.from) * (position - whole));
  }

  private advance(): void {
    this.step++;
    this.from = this.to;
    if (this.wildSteps > 0) this.wildSteps--;
    else if (this.random.next() < 4294967) this.wildSteps = 20 + this.random.below(80);
    const deviation = this.wildSteps > 0 ? VOLATILITY * 5 : VOLATILITY;
    this.to += this.random.normal() * deviation - this.to * PULL;
  }
}
