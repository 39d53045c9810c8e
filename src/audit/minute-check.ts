import type { Audit } from '../domain/record.ts';
import { type AnyTrade, lastIdOf } from '../domain/trade-id.ts';
import { MINUTE_MS } from '../feed/audits/audited-minute.ts';
import { idsBetween } from '../feed/resume/epoch-ledger.ts';
import { MinuteSums } from '../market/audits/minute-sums.ts';
import type { SeriesScope, TradeCheck } from './audit-scope.ts';
import { EventBins } from './event-bins.ts';
import type { GapSpans } from './gap-spans.ts';
import type { RecordSpan, SortedRecords } from './record-store.ts';
import { Revisions } from './revisions.ts';

/** A minute's audit is published at most 70 s after the minute. So a later minute's audit comes after it. */
const PUBLISHED_AFTER_MS = 2 * MINUTE_MS;
/** A minute that is unexplained gets its last audit at most 150 s after its end. */
const FINAL_AFTER_MS = MINUTE_MS + 150_000;

/** Sorts audits by minute and revision. */
export function compareAudits(a: Audit, b: Audit): number {
  return a.minute - b.minute || a.revision - b.revision;
}

const FIGURES = ['firstId', 'lastId', 'trades', 'backfilled', 'volume', 'value', 'hash'] as const;

interface Minute {
  readonly sums: MinuteSums;
  /** True: ids are missing right before, in or right after the minute. */
  isMissing: boolean;
  /** False: all its trades are late ones, so its first audit comes late. */
  hasPublished: boolean;
  /** When its last late trade arrived, milliseconds since 1970. */
  lateAt: number;
}

export interface MinuteInput {
  readonly audits: SortedRecords<Audit>;
  readonly gaps: GapSpans;
  /** Start of the first and of the last minute with an audit, over all series. */
  readonly published: RecordSpan;
  /** Called for each minute with trades or an audit; without an audit, the verdict is `unchecked`. */
  readonly onVerdict: (minute: number, verdict: Audit['verdict']) => void;
}

/** Compares the last audit of each minute with the minute's trades and late trades. */
export class MinuteCheck implements TradeCheck {
  readonly #scope: SeriesScope;
  readonly #input: MinuteInput;
  readonly #minutes: EventBins<Minute>;
  readonly #revisions: Revisions<Audit>;
  #last: AnyTrade | undefined;
  #knownTo = Number.POSITIVE_INFINITY;

  constructor(scope: SeriesScope, input: MinuteInput) {
    this.#scope = scope;
    this.#input = input;
    this.#revisions = new Revisions(({ minute }, text) => this.#differ(minute, text));
    const create = (): Minute => ({ sums: new MinuteSums(), isMissing: false, hasPublished: false, lateAt: 0 });
    this.#minutes = new EventBins(MINUTE_MS, create, (minute, trades) => this.#close(minute, trades));
  }

  add(trade: AnyTrade, latePosition: number | undefined): void {
    const last = this.#last;
    const isMissing = last !== undefined && this.#scope.isContiguous && idsBetween(lastIdOf(last), trade.tradeId) > 1;
    const before = isMissing ? this.#minutes.find(last.timestamp) : undefined;
    if (before !== undefined) before.isMissing = true;
    const minute = this.#minutes.at(trade.timestamp);
    minute.isMissing ||= isMissing;
    minute.sums.add(trade);
    if (latePosition === undefined) minute.hasPublished = true;
    else minute.lateAt = Math.max(minute.lateAt, trade.receivedAt / 1000);
    this.#last = trade;
  }

  end(knownTo: number): void {
    this.#knownTo = knownTo;
    this.#minutes.end();
    this.#compareBefore(Number.POSITIVE_INFINITY);
  }

  #close(minute: number, trades: Minute): void {
    this.#compareBefore(minute);
    if (minute + MINUTE_MS > this.#knownTo) return;
    const audits = this.#input.audits.nextWhile((audit) => audit.minute === minute);
    const isHealed = !trades.hasPublished && audits[0]?.record.trades !== 0;
    const latest = this.#revisions.latest(audits, isHealed || this.#isAtStop(minute));
    this.#input.onVerdict(minute, latest?.verdict ?? 'unchecked');
    if (trades.lateAt > this.#scope.healedTo) return;
    if (latest !== undefined) this.#compare(latest, trades);
    else if (this.#isDue(minute)) this.#differ(minute, 'the minute has trades, but no audit');
  }

  /** Compares the audits of minutes without trades. */
  #compareBefore(minute: number): void {
    const { audits } = this.#input;
    for (let next = audits.peek(); next !== undefined && next.record.minute < minute; next = audits.peek()) {
      const empty = next.record.minute;
      const ofMinute = audits.nextWhile((audit) => audit.minute === empty);
      const latest = this.#revisions.latest(ofMinute, this.#isAtStop(empty));
      if (latest === undefined || empty + MINUTE_MS > this.#knownTo) continue;
      this.#input.onVerdict(empty, latest.verdict);
      if (latest.trades !== 0) this.#differ(empty, `the audit has ${latest.trades} trades, but none is there`);
    }
  }

  /** A run may leave the minutes before its end to the next run, or to the healer. */
  #isAtStop(minute: number): boolean {
    return this.#scope.stops.touches(minute, minute + MINUTE_MS);
  }

  #isDue(minute: number): boolean {
    const { first, last } = this.#input.published;
    return minute >= first && minute <= last - PUBLISHED_AFTER_MS && !this.#isAtStop(minute);
  }

  #compare(audit: Audit, { sums, isMissing }: Minute): void {
    const { minute } = audit;
    if (audit.hash !== '') {
      const figures = sums.figures();
      for (const name of FIGURES) {
        // After a restart, a second sink may get a trade fetched that the first one got live.
        const mayDiffer = name === 'backfilled' && this.#isAtStop(minute);
        if (audit[name] !== figures[name] && !mayDiffer)
          this.#differ(minute, `${name} is ${audit[name]}, but that of the trades is ${figures[name]}`);
      }
    }
    const problem = this.#verdictProblem(audit, sums, isMissing);
    if (problem !== undefined) this.#differ(minute, `the verdict is ${audit.verdict}, but ${problem}`);
  }

  #verdictProblem(audit: Audit, sums: MinuteSums, isMissing: boolean): string | undefined {
    const { minute, verdict, candleVolume, candleTrades } = audit;
    switch (verdict) {
      case 'proven':
        if (!this.#scope.isContiguous) return 'the ids of this venue jump';
        return isMissing ? 'ids are missing' : undefined;
      case 'agrees': {
        const { volume, trades } = sums.expectedCandle();
        if (candleVolume !== volume) return `the candle's volume is ${candleVolume}, that of the trades is ${volume}`;
        if (candleTrades !== null && candleTrades !== trades)
          return `the candle has ${candleTrades} trades, the minute has ${trades}`;
        return undefined;
      }
      case 'gap':
        return this.#input.gaps.isOpen(minute, minute + MINUTE_MS) ? undefined : 'no open gap reaches into the minute';
      case 'unexplained':
        return minute + FINAL_AFTER_MS < this.#scope.readTo ? 'no later audit explains it' : undefined;
      default:
        return undefined;
    }
  }

  #differ(minute: number, text: string): void {
    this.#scope.differ('audits', minute, text);
  }
}
