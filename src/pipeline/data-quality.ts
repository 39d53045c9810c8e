import { compareDecimals } from '../domain/decimal.ts';
import type { Quality, QualityWarning } from '../domain/feed-snapshot.ts';
import type { BookTicker } from '../domain/record.ts';

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

  /** Symbols of which too many messages were invalid; null: of no symbol that is known. */
  poor(): readonly (string | null)[] {
    return [...this.#counts].flatMap(([symbol, { invalid }]) => (invalid > MOST_INVALID ? [symbol] : []));
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
