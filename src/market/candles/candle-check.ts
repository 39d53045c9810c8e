import { unscaled } from '../../domain/decimal.ts';
import { getOrCreate } from '../../domain/get-or-create.ts';
import type { KlineInterval } from '../../domain/instrument.ts';
import type { Kline } from '../../domain/record.ts';
import type { Candle, CandleTrade } from './candle.ts';
import type { LeftOut } from './candle-builder.ts';
import { nextOpenTime, openTimeOf } from './kline-interval.ts';

const FIELDS = ['open', 'high', 'low', 'close', 'volume', 'quoteVolume', 'tradeCount'] as const;
export type CandleField = (typeof FIELDS)[number];

/**
 * `late_trade`, `block_trade`: exactly the volume of these trades is missing. `gap`: our trades have a gap in the
 * interval. `aggregated_backfill`: the volume is right, but some trades were fetched as aggregates.
 */
export type CandleCause = 'late_trade' | 'block_trade' | 'gap' | 'aggregated_backfill' | 'unexplained';

export interface CandleDifference {
  readonly venue: Kline;
  /** Undefined if we have no candle, although trades happened at the venue. */
  readonly ours: Candle | undefined;
  readonly fields: readonly CandleField[];
  readonly causes: readonly CandleCause[];
}

export interface CandleCounts {
  compared: number;
  equal: number;
  readonly fields: Record<CandleField, number>;
  readonly causes: Record<CandleCause, number>;
}

export function noCounts(): CandleCounts {
  return {
    compared: 0,
    equal: 0,
    fields: { open: 0, high: 0, low: 0, close: 0, volume: 0, quoteVolume: 0, tradeCount: 0 },
    causes: { late_trade: 0, block_trade: 0, gap: 0, aggregated_backfill: 0, unexplained: 0 },
  };
}

/** Facts that may explain a difference in one interval. `late` and `block` are volumes × 10^18. */
interface Notes {
  late: bigint;
  block: bigint;
  aggregated: boolean;
}

/** `from` is inclusive, `to` exclusive; milliseconds. */
interface KnownGap {
  readonly from: number;
  readonly to: number;
}

const QUIET: Notes = { late: 0n, block: 0n, aggregated: false };
/** Venues round the quote volume of a trade to 8 decimal places. This is one unit of the eighth place, × 10^18. */
const QUOTE_ROUNDING = 10n ** 10n;
const KEPT = 64;

/**
 * Compares our closed candles with the venue's. A pair is compared once our next candle has closed, so late trades are
 * noted until then. `quoteVolume` may differ by the venue's rounding, 10⁻⁸ a trade. It remembers the last 64 intervals.
 */
export class CandleCheck {
  readonly #interval: KlineInterval;
  readonly #ours = new Map<number, Candle>();
  readonly #venue = new Map<number, Kline>();
  readonly #notes = new Map<number, Notes>();
  /** Open times of compared candles, because the venue's candle may be delivered twice. */
  readonly #done = new Map<number, true>();
  #gaps: KnownGap[] = [];
  #newest = Number.NEGATIVE_INFINITY;
  readonly #counts: CandleCounts;

  /** @param counts the counts of an earlier check, which are continued */
  constructor(interval: KlineInterval, counts = noCounts()) {
    this.#interval = interval;
    this.#counts = counts;
  }

  get counts(): Readonly<CandleCounts> {
    const { fields, causes } = this.#counts;
    return { ...this.#counts, fields: { ...fields }, causes: { ...causes } };
  }

  /** Notes a trade that is in our candle. */
  noteTrade(trade: CandleTrade): void {
    if (trade.source === 'backfill' && trade.lastTradeId !== null) this.#notesOf(trade).aggregated = true;
  }

  /** Notes a trade that is in no candle. */
  noteLeftOut(trade: CandleTrade, why: LeftOut): void {
    this.#notesOf(trade)[why] += unscaled(trade.quantity);
  }

  /**
   * Notes a gap in our trades, such as the time before the first trade: `from` inclusive, `to` exclusive, milliseconds.
   */
  noteGap(from: number, to: number): void {
    this.#gaps.push({ from, to });
    if (this.#gaps.length > KEPT) this.#gaps.shift();
  }

  /** Adds our closed candle; returns the differences of the candles before it. */
  ours(candle: Candle): readonly CandleDifference[] {
    this.#ours.set(candle.openTime, candle);
    this.#newest = Math.max(this.#newest, candle.openTime);
    trim(this.#ours);
    return this.#settle();
  }

  /** Adds the venue's candle; an open one, or one that was compared already, is ignored. Returns the differences. */
  venue(kline: Kline): readonly CandleDifference[] {
    if (!kline.closed || this.#done.has(kline.openTime)) return [];
    this.#venue.set(kline.openTime, kline);
    trim(this.#venue);
    return this.#settle();
  }

  /** Compares all waiting candles of the venue up to our newest candle. Call it at the end of a run. */
  flush(): readonly CandleDifference[] {
    return this.#settle(this.#newest + 1);
  }

  #settle(before = this.#newest): readonly CandleDifference[] {
    const differences: CandleDifference[] = [];
    for (const [openTime, venue] of this.#venue) {
      if (openTime >= before) continue;
      const difference = this.#compare(venue, this.#ours.get(openTime));
      if (difference !== undefined) differences.push(difference);
      this.#venue.delete(openTime);
      this.#ours.delete(openTime);
      this.#done.set(openTime, true);
      trim(this.#done);
    }
    return differences;
  }

  #compare(venue: Kline, ours: Candle | undefined): CandleDifference | undefined {
    this.#counts.compared++;
    const fields =
      ours === undefined
        ? FIELDS.filter((field) => venue.volume !== '0' && venue[field] !== null)
        : FIELDS.filter((field) => differs(field, venue, ours));
    if (fields.length === 0) {
      this.#counts.equal++;
      return undefined;
    }
    const causes = this.#explain(venue, ours);
    for (const field of fields) this.#counts.fields[field]++;
    for (const cause of causes) this.#counts.causes[cause]++;
    return { venue, ours, fields, causes };
  }

  #explain(venue: Kline, ours: Candle | undefined): readonly CandleCause[] {
    const { late, block, aggregated } = this.#notes.get(venue.openTime) ?? QUIET;
    const lacking = unscaled(venue.volume) - unscaled(ours?.volume ?? '0');
    if (late !== 0n && lacking === late) return ['late_trade'];
    if (block !== 0n && lacking === block) return ['block_trade'];
    if (late !== 0n && block !== 0n && lacking === late + block) return ['late_trade', 'block_trade'];
    const end = nextOpenTime(this.#interval, venue.openTime);
    if (this.#gaps.some(({ from, to }) => from < end && to > venue.openTime)) return ['gap'];
    if (lacking === 0n && aggregated) return ['aggregated_backfill'];
    return ['unexplained'];
  }

  #notesOf({ timestamp }: CandleTrade): Notes {
    const openTime = openTimeOf(this.#interval, timestamp);
    const notes = getOrCreate(this.#notes, openTime, () => ({ ...QUIET }));
    trim(this.#notes);
    return notes;
  }
}

function differs(field: CandleField, venue: Kline, ours: Candle): boolean {
  if (field === 'tradeCount') return venue.tradeCount !== null && venue.tradeCount !== ours.tradeCount;
  if (field !== 'quoteVolume') return venue[field] !== ours[field];
  const difference = unscaled(venue.quoteVolume) - unscaled(ours.quoteVolume);
  const tolerance = QUOTE_ROUNDING * BigInt(Math.max(ours.tradeCount, 1));
  return difference > tolerance || -difference > tolerance;
}

function trim(byTime: Map<number, unknown>): void {
  if (byTime.size <= KEPT) return;
  const [oldest] = byTime.keys();
  if (oldest !== undefined) byTime.delete(oldest);
}
