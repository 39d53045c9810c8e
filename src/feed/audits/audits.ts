import type { Audit, Gap } from '../../domain/record.ts';
import type { PreviousTrades } from '../analytics/stats-epoch.ts';
import { UNKNOWN_GAP } from '../analytics/trade-coverage.ts';
import { areOf, type SequencedTrade } from '../arbitration/merged-event.ts';
import type { FeedEvent } from '../feed-event.ts';
import { AuditSeries } from './audit-series.ts';
import { MINUTE_MS } from './audited-minute.ts';

/** An unexplained minute is judged again this long after its end, with a candle fetched by REST. Milliseconds. */
const CONCLUDED_MS = 120_000;
const NONE: readonly never[] = [];

export interface AuditedVenue {
  readonly contiguousIds: boolean;
  /** True if the venue sends one-minute candles. */
  readonly hasCandles: boolean;
}

export interface AuditsOptions {
  /** The kind of trades that are audited. */
  readonly counts: SequencedTrade['kind'];
  readonly venueOf: (id: string) => AuditedVenue;
  readonly wallClockMs: () => number;
}

/** A minute whose candle has to be fetched. */
export interface UnexplainedMinute {
  readonly series: AuditSeries;
  /** Start of the minute, milliseconds since 1970. */
  readonly start: number;
}

/** The audits of all symbols. `next` returns those of ended epochs, `tick` all others. */
export class Audits {
  readonly #options: AuditsOptions;
  readonly #series = new Map<string, AuditSeries>();
  /** The series of symbols that are not followed now. */
  readonly #left = new Map<string, AuditSeries>();
  /** The time of each venue at the last tick, milliseconds since 1970. It advances with our clock without newer data. */
  readonly #times = new Map<string, number>();
  #tickedAt = 0;
  #unexplained: readonly UnexplainedMinute[] = NONE;

  constructor(options: AuditsOptions) {
    this.#options = options;
  }

  /** Adds what previous runs published. Call it before `next`. */
  restore(previous: readonly PreviousTrades[]): void {
    for (const run of previous) {
      const series = this.#newSeries(run, Number.POSITIVE_INFINITY, true);
      series.restore(run);
      this.#series.set(run.symbol, series);
      this.#noted(
        series,
        run.audits.map(({ audit }) => audit),
      );
    }
  }

  /** Handles an event. Returns the audits of epochs that it ends. */
  next(event: FeedEvent): readonly Audit[] {
    const { counts } = this.#options;
    switch (event.kind) {
      case 'data':
        this.#data(event);
        return NONE;
      case 'epochs':
        return event.begun.flatMap(({ symbol, epoch }) => {
          const isNew = event.records.some((record) => record.kind === 'position' && record.symbol === symbol);
          return this.#begin({ symbol, venue: event.venue, epoch }, event.at, !isNew);
        });
      case 'unfollowed': {
        const series = this.#series.get(event.symbol);
        if (series === undefined) return NONE;
        this.#series.delete(event.symbol);
        this.#left.set(event.symbol, series);
        return this.#noted(series, series.end('interrupted', this.#options.wallClockMs()));
      }
      case 'gap_pending':
        if (event.channel === counts) this.#series.get(event.symbol)?.open(event.toId, event.gap.fromTime);
        return NONE;
      case 'gap_closed':
        if (event.channel === counts) this.#series.get(event.symbol)?.close(event.toId, event.gap);
        return NONE;
      case 'possible_gap':
        if (event.of !== counts) return NONE;
        if (event.before === null) this.#series.get(event.symbol)?.close(UNKNOWN_GAP);
        else this.#series.get(event.symbol)?.open(UNKNOWN_GAP, event.before.timestamp);
        return NONE;
      case 'healed':
        for (const record of event.records)
          if (record.kind === 'audit' || (record.kind === 'gap' && record.channel === counts)) this.#healed(record);
        return NONE;
      default:
        return NONE;
    }
  }

  /**
   * Returns the audits that are due, and the minutes whose candles have to be fetched. Call it every second. `now`: in
   * the scheduler's milliseconds.
   */
  tick(now: number): { readonly audits: readonly Audit[]; readonly unexplained: readonly UnexplainedMinute[] } {
    const wall = this.#options.wallClockMs();
    for (const [venue, time] of this.#times) this.#times.set(venue, time + now - this.#tickedAt);
    this.#tickedAt = now;
    for (const { options, newest } of this.#series.values())
      this.#times.set(options.venue, Math.max(newest, this.#times.get(options.venue) ?? 0));
    const audits = [...this.#series.values()].flatMap((series) => {
      const due = series.settle({ venue: this.#venueTime(series), scheduler: now, wall });
      return this.#noted(series, due);
    });
    if (this.#unexplained.length === 0) return { audits, unexplained: NONE };
    const isDue = ({ series, start }: UnexplainedMinute) => this.#venueTime(series) >= start + MINUTE_MS + CONCLUDED_MS;
    const due = this.#unexplained.filter(isDue);
    this.#unexplained = this.#unexplained.filter((minute) => !isDue(minute));
    return { audits, unexplained: due.filter(({ series, start }) => series.isUnexplained(start)) };
  }

  #data({ symbol, events }: Extract<FeedEvent, { kind: 'data' }>): void {
    if (areOf(events, this.#options.counts)) {
      const series = this.#series.get(symbol);
      if (series !== undefined) for (const trade of events) series.add(trade);
    } else if (areOf(events, 'kline')) {
      const series = this.#series.get(symbol);
      if (series !== undefined) for (const kline of events) if (kline.interval === '1m') series.candle(kline);
    }
  }

  #healed(record: Audit | Gap): void {
    for (const series of [this.#series.get(record.symbol), this.#left.get(record.symbol)])
      if (series !== undefined && isOf(series, record)) series.healed(record);
  }

  #begin(epoch: SymbolEpoch, at: number, isUnread: boolean): readonly Audit[] {
    const { symbol } = epoch;
    const current = this.#series.get(symbol);
    if (current !== undefined && isOf(current, epoch)) return NONE;
    const left = this.#left.get(symbol);
    this.#left.delete(symbol);
    const isBack = left !== undefined && isOf(left, epoch);
    this.#series.set(symbol, isBack ? left : this.#newSeries(epoch, at, isUnread));
    return current === undefined ? NONE : this.#noted(current, current.end('end', this.#options.wallClockMs()));
  }

  #newSeries({ symbol, venue, epoch }: SymbolEpoch, at: number, isUnread: boolean): AuditSeries {
    return new AuditSeries({ symbol, venue, epoch, ...this.#options.venueOf(venue), at, isUnread });
  }

  /** Notes which of the audits are unexplained. */
  #noted(series: AuditSeries, audits: readonly Audit[]): readonly Audit[] {
    for (const { minute: start } of audits)
      if (series.isUnexplained(start)) this.#unexplained = [...this.#unexplained, { series, start }];
    return audits;
  }

  #venueTime({ options: { venue } }: AuditSeries): number {
    return this.#times.get(venue) ?? 0;
  }
}

type SymbolEpoch = Pick<PreviousTrades, 'symbol' | 'venue' | 'epoch'>;

function isOf({ options }: AuditSeries, { venue, epoch }: SymbolEpoch): boolean {
  return options.venue === venue && options.epoch === epoch;
}
