import type { VenueFaults } from './venue-host.ts';

export type RestLimitResult =
  | { readonly kind: 'allowed'; readonly used: number }
  | { readonly kind: 'limited' | 'banned'; readonly used: number; readonly retryAfter: number };

export interface RestLimitOptions {
  readonly amount: number;
  readonly windowMs: number;
  /** Number of 429 answers before a ban. */
  readonly warnings: number;
  readonly banMs: number;
}

/** One venue's request limit for one address: a counter for each time window, then warnings, then a ban. */
export class RestLimit {
  private readonly options: RestLimitOptions;
  private window = 0;
  private used = 0;
  private warned = 0;
  private bannedUntil = 0;

  constructor(options: RestLimitOptions) {
    this.options = options;
  }

  /** Counts a request of this weight at `now` (milliseconds). */
  take(weight: number, now: number): RestLimitResult {
    const { amount, windowMs, warnings, banMs } = this.options;
    const window = Math.floor(now / windowMs);
    if (window !== this.window) {
      this.window = window;
      this.used = 0;
      this.warned = 0;
    }
    if (now < this.bannedUntil)
      return { kind: 'banned', used: this.used, retryAfter: Math.ceil((this.bannedUntil - now) / 1_000) };
    if (this.used + weight <= amount) {
      this.used += weight;
      return { kind: 'allowed', used: this.used };
    }
    if (this.warned < warnings) {
      this.warned++;
      return { kind: 'limited', used: this.used, retryAfter: Math.ceil(((window + 1) * windowMs - now) / 1_000) };
    }
    this.bannedUntil = now + banMs;
    return { kind: 'banned', used: this.used, retryAfter: Math.ceil(banMs / 1_000) };
  }

  /** Lifts a ban and forgets the counted requests. */
  clear(): void {
    this.used = 0;
    this.warned = 0;
    this.bannedUntil = 0;
  }
}

/** Thrown to refuse a request, with the venue's error code. */
export class RestError extends Error {
  override readonly name = 'RestError';
  readonly code: number;
  /** The HTTP status. */
  readonly status: number;

  constructor(code: number, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

const PRICE = /("p(?:rice)?":|^\["?\d+"?,)"[^"]*"/;
const MINUTE = 60_000;

/**
 * Returns a row of trades or candles, without its price if the fault `bad_rows` applies. `number` is the trade's id, or
 * the candle's open time in minutes.
 */
export function rowUnder({ badRows }: VenueFaults, symbol: string, number: number | string, row: string): string {
  const every = badRows.get(symbol);
  return every === undefined || BigInt(number) % BigInt(every) !== 0n ? row : row.replace(PRICE, '$1null');
}

export function openMinute(openTime: number): number {
  return Math.floor(openTime / MINUTE);
}

/** Returns the requested number of rows, at most `most`; `otherwise` if the parameter is missing or not valid. */
export function rowLimit(query: URLSearchParams, otherwise: number, most: number): number {
  const limit = Number(query.get('limit') ?? otherwise);
  return Number.isInteger(limit) && limit > 0 ? Math.min(limit, most) : otherwise;
}
