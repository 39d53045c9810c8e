import { compareDecimals } from '../domain/decimal.ts';
import type { BookTicker } from '../domain/record.ts';

/** How well one venue tells of one symbol. */
export interface Quality {
  readonly venue: string;
  /** Null: frames that tell no symbol. */
  readonly symbol: string | null;
  /** Messages: valid and invalid ones. */
  readonly total: number;
  readonly valid: number;
  readonly invalid: number;
  /** When the last valid one came, microseconds since 1970; null: none did. */
  readonly lastUpdateAt: number | null;
  /** Mean of (ask − bid) / mid of all book tickers, percent; null: there were none. */
  readonly averageSpreadPct: number | null;
  /** Book tickers whose bid is not below the ask. */
  readonly invertedSpreads: number;
  /** Over the last seconds, valid ones. */
  readonly messagesPerSecond: number;
  readonly warnings: readonly QualityWarning[];
}

/** More invalid messages than may pass for chance; no valid one for long. */
export type QualityWarning = 'invalid' | 'stale';

const MOST_INVALID = 100;
const STALE_AFTER_US = 30_000_000;
/** Over how many whole seconds messages are averaged. */
const RATE_SECONDS = 5;

interface Count {
  valid: number;
  invalid: number;
  lastUpdateAt: number | null;
  spreads: number;
  spreadSum: number;
  inverted: number;
  /** `valid` at the ends of the last seconds, newest last. */
  readonly seconds: number[];
}

/** Counts what comes of one venue, by symbol. What is counted once a message costs a look into a map and a few sums. */
export class DataQuality {
  readonly #venue: string;
  readonly #counts = new Map<string | null, Count>();

  constructor(venue: string) {
    this.#venue = venue;
  }

  valid(symbol: string, receivedAt: number): void {
    const count = this.#count(symbol);
    count.valid++;
    count.lastUpdateAt = receivedAt;
  }

  /** `symbol`: undefined where the frame does not tell it. */
  invalid(symbol: string | undefined): void {
    this.#count(symbol ?? null).invalid++;
  }

  spread({ symbol, bidPrice, askPrice }: Pick<BookTicker, 'symbol' | 'bidPrice' | 'askPrice'>): void {
    const count = this.#count(symbol);
    const [bid, ask] = [Number(bidPrice), Number(askPrice)];
    count.spreads++;
    count.spreadSum += ((ask - bid) / (ask + bid)) * 200;
    if (compareDecimals(askPrice, bidPrice) <= 0) count.inverted++;
  }

  /** The symbol is not followed any more: that nothing comes of it means nothing. */
  remove(symbol: string): void {
    this.#counts.delete(symbol);
  }

  /** To be called every second: starts the next second of the rates. */
  second(): void {
    for (const { seconds, valid } of this.#counts.values()) {
      seconds.push(valid);
      if (seconds.length > RATE_SECONDS + 1) seconds.shift();
    }
  }

  /** `nowMicros`: microseconds since 1970. */
  all(nowMicros: number): Quality[] {
    return [...this.#counts].map(([symbol, count]) => this.#quality(symbol, count, nowMicros));
  }

  #quality(symbol: string | null, count: Count, now: number): Quality {
    const { valid, invalid, lastUpdateAt, spreads, spreadSum, inverted, seconds } = count;
    const [oldest = 0] = seconds;
    const warnings: QualityWarning[] = [];
    if (invalid > MOST_INVALID) warnings.push('invalid');
    if (lastUpdateAt !== null && now - lastUpdateAt > STALE_AFTER_US) warnings.push('stale');
    return {
      venue: this.#venue,
      symbol,
      total: valid + invalid,
      valid,
      invalid,
      lastUpdateAt,
      averageSpreadPct: spreads === 0 ? null : spreadSum / spreads,
      invertedSpreads: inverted,
      messagesPerSecond: seconds.length < 2 ? 0 : ((seconds.at(-1) ?? 0) - oldest) / (seconds.length - 1),
      warnings,
    };
  }

  #count(symbol: string | null): Count {
    let count = this.#counts.get(symbol);
    if (count === undefined) {
      count = { valid: 0, invalid: 0, lastUpdateAt: null, spreads: 0, spreadSum: 0, inverted: 0, seconds: [] };
      this.#counts.set(symbol, count);
    }
    return count;
  }
}
