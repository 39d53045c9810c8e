import { getOrCreate } from '../../domain/get-or-create.ts';
import { type Channel, KLINE_INTERVALS, type KlineInterval } from '../../domain/instrument.ts';
import type { FeedRecord, Gap, Kline } from '../../domain/record.ts';
import type { CandleAgreement } from '../../domain/status-snapshot.ts';
import { isMissing } from '../../domain/trade-id.ts';
import type { CandleTrade } from '../../market/candles/candle.ts';
import { CandleBuilder } from '../../market/candles/candle-builder.ts';
import { CandleCheck, type CandleCounts, noCounts } from '../../market/candles/candle-check.ts';
import type { SequencedTrade } from '../arbitration/merged-event.ts';

export interface KlineCheckOptions {
  /** The kind of trade that our candles are made of. */
  readonly trades: SequencedTrade['kind'];
  readonly intervals: readonly KlineInterval[];
  /** A candle closes when event time has passed its end by this, milliseconds. Later trades are not counted. */
  readonly allowedLatenessMs: number;
  /** Venues whose trade ids step by one. */
  readonly contiguousVenues: ReadonlySet<string>;
}

/** Returns which trades and candles can be compared; undefined unless the channels have both. */
export function subscribedKlines(
  channels: readonly Channel[],
): Pick<KlineCheckOptions, 'trades' | 'intervals'> | undefined {
  const trades = (['trade', 'agg_trade'] as const).find((kind) => channels.includes(kind));
  const intervals = KLINE_INTERVALS.filter((interval) => channels.includes(`kline_${interval}`));
  return trades === undefined || intervals.length === 0 ? undefined : { trades, intervals };
}

/** Sums a venue's results over its symbols, by interval. */
export function agreementOf(
  all: readonly CandleAgreement[],
  venue: string,
): Readonly<Record<string, Readonly<Record<string, number>>>> {
  const sums: Record<string, Record<string, number>> = {};
  for (const { venue: id, interval, compared, equal, causes } of all) {
    if (id !== venue) continue;
    sums[interval] ??= { compared: 0, equal: 0 };
    const sum = sums[interval];
    for (const [name, count] of Object.entries({ compared, equal, ...causes }))
      if (count > 0) sum[name] = (sum[name] ?? 0) + count;
  }
  return sums;
}

/**
 * Compares the venues' candles with candles made from their published trades.
 *
 * An epoch begins without data, so the time before its first trade or candle counts as a gap. Repaired gaps are
 * ignored.
 */
export class KlineCheck {
  readonly #options: KlineCheckOptions;
  readonly #series = new Map<string, Map<string, Series>>();
  /** Counts by venue, symbol and interval, over all epochs, from the first candle on. */
  readonly #counts = new Map<string, CandleCounts & Pick<CandleAgreement, 'venue' | 'symbol' | 'interval'>>();

  constructor(options: KlineCheckOptions) {
    this.#options = options;
  }

  get counts(): readonly CandleAgreement[] {
    return [...this.#counts.values()].map((of) => ({ ...of, fields: { ...of.fields }, causes: { ...of.causes } }));
  }

  /** Receives all published records, in order. */
  published(records: readonly FeedRecord[]): void {
    for (const record of records) {
      if (record.kind === 'trade' || record.kind === 'agg_trade') {
        if (record.kind === this.#options.trades) this.#of(record).trade(record);
      } else if (record.kind === 'kline') this.#of(record).kline(record);
      else if (record.kind === 'gap') this.#gap(record);
    }
  }

  /** Compares the candles that still wait, because no more data will come. */
  flush(): void {
    for (const bySymbol of this.#series.values()) for (const series of bySymbol.values()) series.flush();
  }

  /** Notes a gap, unless it is repaired or belongs to another epoch. */
  #gap(gap: Gap): void {
    const series = this.#series.get(gap.venue)?.get(gap.symbol);
    if (series?.epoch === gap.epoch && isMissing(gap.outcome)) series.addGap(gap.fromTime, gap.toTime);
  }

  #of({ venue, symbol, epoch }: SequencedTrade | Kline): Series {
    const known = this.#series.get(venue)?.get(symbol);
    if (known?.epoch === epoch) return known;
    known?.flush();
    const series = new Series(venue, epoch, this.#options, (interval) => this.#countsOf(venue, symbol, interval));
    getOrCreate(this.#series, venue, () => new Map<string, Series>()).set(symbol, series);
    return series;
  }

  #countsOf(venue: string, symbol: string, interval: string): CandleCounts {
    const name = `${venue} ${symbol} ${interval}`;
    return getOrCreate(this.#counts, name, () => ({ venue, symbol, interval, ...noCounts() }));
  }
}

/** The candles of one symbol at one venue in one epoch. */
class Series {
  readonly epoch: number;
  readonly #countsOf: (interval: string) => CandleCounts;
  readonly #builders: readonly CandleBuilder[];
  /** The check of each interval. It is created with the venue's first candle of the interval. */
  readonly #checks = new Map<string, CandleCheck>();
  /** The latest time of a trade or gap. A check that begins now does not know the trades up to this time. */
  #reached = Number.NEGATIVE_INFINITY;
  #hasTraded = false;

  constructor(
    venue: string,
    epoch: number,
    { intervals, allowedLatenessMs, contiguousVenues }: KlineCheckOptions,
    countsOf: (interval: string) => CandleCounts,
  ) {
    this.epoch = epoch;
    this.#countsOf = countsOf;
    const contiguousIds = contiguousVenues.has(venue);
    this.#builders = intervals.map(
      (interval) =>
        new CandleBuilder({
          interval,
          allowedLatenessMs,
          contiguousIds,
          onLeftOut: (trade, why) => this.#checks.get(interval)?.noteLeftOut(trade, why),
        }),
    );
  }

  trade(trade: CandleTrade): void {
    const { timestamp } = trade;
    if (!this.#hasTraded) {
      this.#hasTraded = true;
      this.addGap(Number.NEGATIVE_INFINITY, timestamp);
    }
    if (timestamp > this.#reached) this.#reached = timestamp;
    // `noteTrade` only matters for fetched trades.
    if (trade.source === 'backfill') for (const check of this.#checks.values()) check.noteTrade(trade);
    for (const builder of this.#builders)
      for (const candle of builder.add(trade)) this.#checks.get(candle.interval)?.ours(candle);
  }

  kline(kline: Kline): void {
    const interval = KLINE_INTERVALS.find((known) => known === kline.interval);
    if (interval === undefined) return;
    const check = this.#checks.get(interval) ?? this.#begin(interval);
    check.venue(kline);
  }

  /** Notes a gap. Trades of its last millisecond may be missing, too. */
  addGap(from: number, to: number): void {
    if (to > this.#reached) this.#reached = to;
    for (const check of this.#checks.values()) check.noteGap(from, to + 1);
  }

  flush(): void {
    for (const check of this.#checks.values()) check.flush();
  }

  #begin(interval: KlineInterval): CandleCheck {
    const check = new CandleCheck(interval, this.#countsOf(interval));
    check.noteGap(Number.NEGATIVE_INFINITY, this.#reached + 1);
    this.#checks.set(interval, check);
    return check;
  }
}
