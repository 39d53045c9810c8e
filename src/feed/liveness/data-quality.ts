import { compareDecimals } from '../../domain/decimal.ts';
import { getOrCreate } from '../../domain/get-or-create.ts';
import type { BookTicker } from '../../domain/record.ts';
import type { Quality, QualityWarning } from '../../domain/status-snapshot.ts';
import { CountRate } from '../../telemetry/count-rate.ts';

const MOST_INVALID = 100;
const STALE_AFTER_US = 30_000_000;

/** What is counted of one symbol, for as long as there is one to be told of it. */
export class Count {
  readonly symbol: string | null;
  valid = 0;
  invalid = 0;
  /** -Infinity: nothing valid has come. */
  lastUpdateAt = Number.NEGATIVE_INFINITY;
  spreads = 0;
  spreadSum = 0;
  inverted = 0;
  /** Of `valid`. */
  rate = new CountRate();

  constructor(symbol: string | null) {
    this.symbol = symbol;
  }

  clear(): void {
    Object.assign(this, new Count(this.symbol));
  }
}

/** Counts what comes of one venue, by symbol. */
export class DataQuality {
  readonly #venue: string;
  readonly #counts = new Map<string | null, Count>();

  constructor(venue: string) {
    this.#venue = venue;
  }

  /** The counts of a symbol; null: it is not known. Created on first use and never replaced, so callers may keep them. */
  of(symbol: string | null): Count {
    return getOrCreate(this.#counts, symbol, () => new Count(symbol));
  }

  valid(count: Count, receivedAt: number): void {
    count.valid++;
    count.lastUpdateAt = receivedAt;
  }

  /** `symbol`: undefined where the frame does not tell it. */
  invalid(symbol: string | undefined): void {
    const count = this.of(symbol ?? null);
    count.invalid++;
  }

  spread(count: Count, { bidPrice, askPrice }: Pick<BookTicker, 'bidPrice' | 'askPrice'>): void {
    const [bid, ask] = [Number(bidPrice), Number(askPrice)];
    count.spreads++;
    count.spreadSum += ((ask - bid) / (ask + bid)) * 200;
    if (compareDecimals(askPrice, bidPrice) <= 0) count.inverted++;
  }

  /** The symbol is not followed any more: that nothing comes of it means nothing. */
  remove(symbol: string): void {
    this.#counts.get(symbol)?.clear();
  }

  /** To be called every second: starts the next second of the rates. */
  second(): void {
    for (const { rate, valid } of this.#withData()) rate.second(valid);
  }

  /** Symbols of which too many messages were invalid; null: of no symbol that is known. */
  poor(): readonly (string | null)[] {
    return this.#withData().flatMap(({ symbol, invalid }) => (invalid > MOST_INVALID ? [symbol] : []));
  }

  /** `nowMicros`: microseconds since 1970. */
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
      messagesPerSecond: rate.perSecond,
      warnings,
    };
  }
}
