import { compareDecimals } from '../../domain/decimal.ts';
import { getOrCreate } from '../../domain/get-or-create.ts';
import type { BookTicker } from '../../domain/record.ts';
import type { Quality, QualityWarning } from '../../domain/status-snapshot.ts';
import { CountRate } from '../../telemetry/count-rate.ts';

const MAX_INVALID = 100;
const STALE_AFTER_US = 30_000_000;

/** Counts of one symbol. Created on first use and never replaced. */
export class Count {
  readonly symbol: string | null;
  valid = 0;
  invalid = 0;
  /** When the last valid message came, microseconds since 1970; -Infinity before the first. */
  lastUpdateAt = Number.NEGATIVE_INFINITY;
  spreads = 0;
  spreadSum = 0;
  inverted = 0;
  rate = new CountRate();

  constructor(symbol: string | null) {
    this.symbol = symbol;
  }

  clear(): void {
    Object.assign(this, new Count(this.symbol));
  }
}

/** Counts a venue's valid and invalid messages by symbol. */
export class DataQuality {
  readonly #venue: string;
  readonly #counts = new Map<string | null, Count>();

  constructor(venue: string) {
    this.#venue = venue;
  }

  /** Returns a symbol's counts; null: unknown symbol. Created on first use and never replaced. */
  of(symbol: string | null): Count {
    return getOrCreate(this.#counts, symbol, () => new Count(symbol));
  }

  valid(count: Count, receivedAt: number): void {
    count.valid++;
    count.lastUpdateAt = receivedAt;
  }

  /** Counts an invalid message. `symbol`: undefined if the frame does not name it. */
  invalid(symbol: string | undefined): void {
    this.of(symbol ?? null).invalid++;
  }

  /** Notes a spread. Without a bid or an ask there is none. */
  spread(count: Count, { bidPrice, askPrice }: Pick<BookTicker, 'bidPrice' | 'askPrice'>): void {
    if (bidPrice === null || askPrice === null) return;
    const [bid, ask] = [Number(bidPrice), Number(askPrice)];
    count.spreads++;
    count.spreadSum += ((ask - bid) / (ask + bid)) * 200;
    if (compareDecimals(askPrice, bidPrice) <= 0) count.inverted++;
  }

  /** Forgets the counts of a symbol that is no longer followed, so that it does not count as stale. */
  remove(symbol: string): void {
    this.#counts.get(symbol)?.clear();
  }

  /** Updates the messages per second of all symbols. Call it every second. */
  sampleRates(): void {
    for (const { rate, valid } of this.#withData()) rate.sample(valid);
  }

  /** Returns the symbols with too many invalid messages. Null stands for messages without a known symbol. */
  poor(): readonly (string | null)[] {
    return this.#withData().flatMap(({ symbol, invalid }) => (invalid > MAX_INVALID ? [symbol] : []));
  }

  /** Returns the quality of each symbol's data. `nowMicros`: microseconds since 1970. */
  all(nowMicros: number): Quality[] {
    return this.#withData().map((count) => this.#quality(count, nowMicros));
  }

  #withData(): Count[] {
    return [...this.#counts.values()].filter(({ valid, invalid, spreads }) => valid + invalid + spreads > 0);
  }

  #quality(count: Count, now: number): Quality {
    const { symbol, valid, invalid, spreads, spreadSum, inverted, rate } = count;
    const lastUpdateAt = count.lastUpdateAt === Number.NEGATIVE_INFINITY ? null : count.lastUpdateAt;
    const warnings: QualityWarning[] = [];
    if (invalid > MAX_INVALID) warnings.push('invalid');
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
      messagesPerSecond: rate.perSecond,
      warnings,
    };
  }
}
