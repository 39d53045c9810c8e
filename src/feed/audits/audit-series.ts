import { compareDecimals } from '../../domain/decimal.ts';
import { getOrCreate } from '../../domain/get-or-create.ts';
import type { Audit, Gap, Kline } from '../../domain/record.ts';
import { isMissing } from '../../domain/trade-id.ts';
import type { Doubt } from '../../market/audits/verdict.ts';
import type { Checkpoint } from '../../operators/sequence/id-sequence.ts';
import type { PreviousTrades } from '../analytics/stats-epoch.ts';
import { TradeCoverage } from '../analytics/trade-coverage.ts';
import type { SequencedTrade } from '../arbitration/merged-event.ts';
import { AuditedMinute, type AuditOrigin, MINUTE_MS } from './audited-minute.ts';
import { IdRuns } from './id-runs.ts';

/** A minute is settled at the earliest this long after its end: late trades and the candle have come. Milliseconds. */
const SETTLED_MS = 15_000;
/** A minute is published this long after its end, whatever is pending. */
const LATEST_MS = 60_000;
/** Id of the gap after a previous run's last trade, until the first trade of this run. */
const RESTART = 'restart';
/** A minute is forgotten this long after its end. */
const KEPT_MS = 300_000;

export interface AuditSeriesOptions {
  readonly symbol: string;
  readonly venue: string;
  readonly epoch: number;
  /** True if the venue's trade ids step by one. */
  readonly contiguousIds: boolean;
  /** True if the venue sends one-minute candles. */
  readonly hasCandles: boolean;
  /** When the venue began to serve the symbol, by our clock, milliseconds since 1970. */
  readonly at: number;
  /** True if previous runs published trades of the epoch that are not known. */
  readonly isUnread: boolean;
}

/** The present time, milliseconds: by the venue's clock, in the scheduler's time and by our clock. */
export interface AuditTimes {
  readonly venue: number;
  readonly scheduler: number;
  readonly wall: number;
}

/** Trades that only the venue's candle shows to be missing, and the trades around their minute. */
export interface CandleGap {
  readonly before: Checkpoint | null;
  readonly after: Checkpoint | null;
  /** Null: the candle has no number of trades. */
  readonly missing: number | null;
}

/** The minutes of one epoch of a symbol. */
export class AuditSeries {
  readonly options: AuditSeriesOptions;
  /** The latest timestamp of a trade or candle, milliseconds since 1970. */
  newest = 0;
  readonly #coverage = new TradeCoverage();
  readonly #runs: IdRuns;
  readonly #minutes = new Map<number, AuditedMinute>();
  #current: AuditedMinute | undefined;
  #origin: AuditOrigin | undefined;
  #hasTraded = false;
  /** Previous runs have published all minutes that end by this time, milliseconds since 1970. */
  #publishedTo = Number.NEGATIVE_INFINITY;
  /** The times in which the symbol was not followed, milliseconds since 1970; both ends inclusive. */
  readonly #interruptions: { readonly from: number; to: number }[] = [];

  constructor(options: AuditSeriesOptions) {
    this.options = options;
    this.#runs = new IdRuns(options.contiguousIds);
  }

  /** Adds a published trade. */
  add(trade: SequencedTrade): void {
    const { timestamp } = trade;
    let minute = this.#current;
    if (minute === undefined || timestamp < minute.start || timestamp >= minute.end) {
      minute = this.#minuteAt(timestamp);
      this.#runs.begin(minute, trade);
      this.#current = minute;
    }
    if (!this.#hasTraded) this.#onFirst(trade, minute);
    minute.add(trade);
    if (timestamp > this.newest) this.newest = timestamp;
  }

  candle(kline: Kline): void {
    this.#origin ??= kline;
    this.newest = Math.max(this.newest, kline.timestamp);
    const isEmpty = kline.volume === '0' && !this.#minutes.has(kline.openTime);
    if (!kline.closed || isEmpty) return;
    const minute = this.#minuteAt(kline.openTime);
    if (minute.candle !== undefined) return;
    minute.candle = kline;
    minute.isChanged = true;
  }

  /** Notes that trades after `from` are missing or may be. Milliseconds by the venue's clock. */
  open(gap: string, from: number): void {
    this.#coverage.open(gap, { from, until: Number.POSITIVE_INFINITY, endsWithoutData: false });
  }

  /** Notes what became of a gap. Only minutes that it can change are judged again, as their trades may be healed. */
  close(gap: string, outcome?: Gap): void {
    this.#coverage.close(gap);
    const found = outcome !== undefined && isMissing(outcome.outcome) ? outcome : undefined;
    if (found !== undefined) this.#coverage.gap(found);
    for (const minute of this.#minutes.values()) {
      const isInGap = found !== undefined && found.fromTime < minute.end && found.toTime >= minute.start;
      if (isInGap || minute.published?.verdict === 'unchecked') minute.isChanged = true;
    }
  }

  /** Adds what previous runs published of the epoch. */
  restore({ trades, gaps, audits, knownFrom, publishedTo }: PreviousTrades): void {
    this.#publishedTo = publishedTo;
    const last = trades.at(-1);
    if (last === undefined) return;
    const lastStart = startOf(last.timestamp);
    this.#coverage.begin({ timestamp: Math.min(knownFrom, last.timestamp) - 1, receivedAt: 0 });
    this.#hasTraded = true;
    this.#origin = last;
    const filled = new Set(gaps.filter(({ outcome }) => !isMissing(outcome)).map(boundsOf));
    for (const gap of gaps) if (gap.toTime >= knownFrom && !filled.has(boundsOf(gap))) this.#coverage.gap(gap);
    for (const trade of trades) {
      const start = startOf(trade.timestamp);
      if (start >= knownFrom || start >= lastStart) this.add(trade);
      else this.#runs.skip(trade);
    }
    for (const minute of this.#minutes.values()) minute.isUnread = minute.start < knownFrom;
    this.#hasTraded = false;
    this.open(RESTART, last.timestamp);
    for (const previous of audits) {
      const minute = this.#minutes.get(previous.audit.minute);
      if (minute !== undefined && (minute.published?.revision ?? -1) < previous.audit.revision)
        minute.restore(previous);
    }
  }

  /** Continues from an audit that the healer published, or forgets a gap that it healed. */
  healed(record: Audit | Gap): void {
    if (record.kind === 'gap') {
      this.#coverage.heal(record);
      return;
    }
    const minute = this.#minutes.get(record.minute);
    if (minute !== undefined && (minute.published?.revision ?? -1) <= record.revision) minute.published = record;
  }

  /** Returns the audits that are due. */
  settle(times: AuditTimes): Audit[] {
    const audits: Audit[] = [];
    for (const minute of this.#minutes.values()) {
      minute.openedAt ??= times.scheduler;
      const age = Math.min(times.venue - minute.end, times.scheduler - minute.openedAt);
      if (age < SETTLED_MS) continue;
      const isPending = this.#doubt(minute) === 'pending';
      if (!minute.isChanged) {
        if (age > KEPT_MS && !isPending) this.#minutes.delete(minute.start);
        continue;
      }
      const waits = isPending || (minute.candle === undefined && this.#needsCandle);
      if (waits && (minute.published !== undefined || age < LATEST_MS)) continue;
      audits.push(...this.#audit(minute, times.wall));
    }
    return audits;
  }

  /** Ends or interrupts the epoch. Returns the audits of its open minutes. `wall`: our clock, milliseconds since 1970. */
  end(why: 'end' | 'interrupted', wall: number): Audit[] {
    const { last } = this.#runs;
    if (why === 'interrupted' && last !== undefined) {
      this.#interruptions.push({ from: last.timestamp, to: Number.POSITIVE_INFINITY });
      this.#hasTraded = false;
    }
    const open = [...this.#minutes.values()].filter(({ isChanged }) => isChanged);
    const audits = open.flatMap((minute) => this.#audit(minute, wall, why));
    this.#coverage.closeAll();
    return audits;
  }

  /** Returns true if the minute's last audit is unexplained, and a corrected candle may explain it. */
  isUnexplained(start: number): boolean {
    const minute = this.#minutes.get(start);
    return minute?.published?.verdict === 'unexplained' && minute.jump === undefined && !minute.isBehind;
  }

  /**
   * Judges an unexplained minute again, with the candle fetched by REST, if there is one. If the candle still has more
   * than the trades, the difference becomes a gap. With contiguous ids it does not, because the ids show each gap.
   * `wall`: our clock, milliseconds since 1970.
   */
  conclude(
    start: number,
    candle: Kline | undefined,
    wall: number,
  ): { readonly gap?: CandleGap; readonly audits: Audit[] } {
    const minute = this.#minutes.get(start);
    if (minute === undefined || !this.isUnexplained(start)) return { audits: [] };
    minute.candle = candle ?? minute.candle;
    const { verdict, reason } = minute.judge(this.#circumstances(minute));
    const { volume, trades } = minute.sums.expectedCandle();
    const hasMore = minute.candle !== undefined && compareDecimals(minute.candle.volume, volume) > 0;
    if (verdict !== 'unexplained' || !hasMore || this.options.contiguousIds)
      return { audits: this.#audit(minute, wall) };
    minute.missingByCandle = reason;
    const count = minute.candle?.tradeCount ?? null;
    const gap = { ...this.#runs.around(minute), missing: count === null ? null : count - trades };
    return { gap, audits: this.#audit(minute, wall) };
  }

  get #needsCandle(): boolean {
    return this.options.hasCandles && !this.options.contiguousIds;
  }

  #audit(minute: AuditedMinute, wall: number, why?: Doubt): Audit[] {
    if (minute === this.#current) this.#runs.check();
    const origin = this.#origin;
    const circumstances = this.#circumstances(minute, why);
    // A candle of the time before the epoch says nothing about the epoch.
    const isForeign = minute.sums.ids === 0 && circumstances.doubt === 'start';
    // Its audit was published so long ago that it was not read.
    const isPast = minute.published === undefined && minute.end <= this.#publishedTo;
    if (origin === undefined || minute.isEmpty || isForeign || isPast) {
      this.#minutes.delete(minute.start);
      return [];
    }
    const audit = minute.audit(origin, circumstances, wall);
    return audit === undefined ? [] : [audit];
  }

  /** @param why the doubt about an open minute of an epoch that ends */
  #circumstances(minute: AuditedMinute, why?: Doubt) {
    const known = this.#doubt(minute);
    const isOpen = known === 'pending' || (known === undefined && !this.#runs.isPast(minute));
    return { contiguousIds: this.options.contiguousIds, doubt: isOpen ? (why ?? known) : known };
  }

  #doubt(minute: AuditedMinute): Doubt | undefined {
    const { start, end, isUnread } = minute;
    const known = this.#coverage.doubt(start, end);
    if (known === 'gap' || known === 'pending') return known;
    if (isUnread) return 'unread';
    if (this.#interruptions.some(({ from, to }) => from < end && to >= start)) return 'interrupted';
    return known;
  }

  #onFirst(trade: SequencedTrade, minute: AuditedMinute): void {
    this.#hasTraded = true;
    this.#origin ??= trade;
    const interruption = this.#interruptions.at(-1);
    if (interruption !== undefined) interruption.to = Math.min(interruption.to, trade.timestamp);
    if (this.#runs.last === undefined) {
      this.#coverage.begin(trade, this.options.at);
      minute.isUnread = this.options.isUnread;
    }
    this.close(RESTART);
  }

  #minuteAt(timestamp: number): AuditedMinute {
    return getOrCreate(this.#minutes, startOf(timestamp), (start) => new AuditedMinute(start));
  }
}

function boundsOf({ fromTime, toTime }: PreviousTrades['gaps'][number]): string {
  return `${fromTime} ${toTime}`;
}

function startOf(timestamp: number): number {
  return timestamp - (timestamp % MINUTE_MS);
}
