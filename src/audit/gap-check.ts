import type { Gap } from '../domain/record.ts';
import { type AnyTrade, compareIds, isMissing, lastIdOf } from '../domain/trade-id.ts';
import { idsBetween } from '../feed/resume/epoch-ledger.ts';
import type { SeriesScope, TradeCheck } from './audit-scope.ts';
import type { GapSpans } from './gap-spans.ts';
import { OpenGap } from './open-gap.ts';
import type { SortedRecords } from './record-store.ts';

/** Sorts gaps by the ids of their bounds. */
export function compareGaps(a: Gap, b: Gap): number {
  return compareBounds(a.fromId, b.fromId, -1) || compareBounds(a.toId, b.toId, 1);
}

function compareBounds(a: string | null, b: string | null, nullIs: number): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? nullIs : -nullIs;
  return compareIds(a, b);
}

/** Compares missing ids with `gaps`, and each gap with the trades that are there. */
export class GapCheck implements TradeCheck {
  readonly #scope: SeriesScope;
  readonly #topic: 'trades' | 'agg-trades';
  readonly #gaps: SortedRecords<Gap>;
  readonly #spans: GapSpans;
  #open: OpenGap[] = [];
  #last: AnyTrade | undefined;
  /** The last trade that is not late. */
  #lastPublished: AnyTrade | undefined;
  /** Place of the last gap that must be in order. */
  #position = -1;
  /** True while fetched trades may come outside of a gap. */
  #mayBeFetched = true;

  constructor(scope: SeriesScope, topic: 'trades' | 'agg-trades', gaps: SortedRecords<Gap>, spans: GapSpans) {
    this.#scope = scope;
    this.#topic = topic;
    this.#gaps = gaps;
    this.#spans = spans;
  }

  add(trade: AnyTrade, latePosition: number | undefined): void {
    const last = this.#last;
    if (last !== undefined && compareIds(trade.tradeId, lastIdOf(last)) <= 0) return;
    this.#load(trade);
    if (last !== undefined && this.#scope.isContiguous) this.#checkIds(last, trade);
    const open = this.#open.filter((gap) => gap.take(trade, latePosition));
    const endsGap = open.length < this.#open.length;
    this.#open = open;
    if (latePosition === undefined) {
      this.#checkSource(trade, open.length > 0 || endsGap);
      this.#lastPublished = trade;
    } else if (open.length === 0) {
      this.#scope.differ('late-trades', trade.timestamp, `trade ${trade.tradeId} lies in no gap`);
    }
    this.#last = trade;
  }

  end(knownTo: number): void {
    this.#load(undefined);
    for (const gap of this.#open) gap.end(knownTo);
  }

  /** Opens the gaps that begin before a trade; undefined: the rest. */
  #load(trade: AnyTrade | undefined): void {
    const begins = ({ fromId }: Gap): boolean =>
      trade === undefined || fromId === null || compareIds(fromId, trade.tradeId) < 0;
    for (let next = this.#gaps.peek(); next !== undefined && begins(next.record); next = this.#gaps.peek()) {
      const { fromId, toId } = next.record;
      const gap = new OpenGap(
        this.#gaps.nextWhile((record) => record.fromId === fromId && record.toId === toId),
        this.#scope,
      );
      this.#spans.add(gap.last);
      const before = this.#lastPublished;
      if (before === undefined || fromId === null) {
        // What was before the first trade is not known.
        const { fromTime } = gap.bounds;
        if (fromId !== null && trade !== undefined && fromTime > trade.timestamp)
          this.#scope.differ('gaps', fromTime, `from_id ${fromId} lies before the first trade, from_time does not`);
        continue;
      }
      gap.checkStart(before, lastIdOf(before));
      this.#checkOrder(gap);
      this.#open.push(gap);
    }
  }

  /** If ids jump, a single late trade or a candle makes a gap behind later ones. All other gaps are in order. */
  #checkOrder({ bounds, position, mayBeOfCandle }: OpenGap): void {
    const mayBeBehind = bounds.outcome === 'unrepaired' && (bounds.missing !== null || mayBeOfCandle);
    if (mayBeBehind && !this.#scope.isContiguous) return;
    if (position < this.#position)
      this.#scope.differ('gaps', bounds.fromTime, `gap ${bounds.fromId} to ${bounds.toId} comes after a later one`);
    this.#position = Math.max(this.#position, position);
  }

  #checkIds(last: AnyTrade, trade: AnyTrade): void {
    const before = lastIdOf(last);
    const missing = idsBetween(before, trade.tradeId) - 1;
    if (missing === 0) return;
    const ids = `missing ids between ${before} and ${trade.tradeId}: ${missing}`;
    const gaps = this.#open.filter((gap) => gap.covers(before, trade.tradeId)).map((gap) => gap.last);
    if (gaps.length === 0) this.#scope.differ(this.#topic, last.timestamp, `${ids}; no gap names them`);
    else if (!gaps.some(({ outcome }) => isMissing(outcome)))
      this.#scope.differ(this.#topic, last.timestamp, `${ids}; the gap is ${gaps[0]?.outcome}`);
  }

  /**
   * Fetched trades fill a gap, follow a gap that they do not fill, or begin an epoch or a run. Without these, the record
   * of a repaired gap is missing.
   */
  #checkSource(trade: AnyTrade, isAtGap: boolean): void {
    if (trade.source !== 'backfill') {
      this.#mayBeFetched = false;
      return;
    }
    if (isAtGap || this.#scope.stops.touches(trade.receivedAt / 1000)) this.#mayBeFetched = true;
    if (this.#mayBeFetched) return;
    const at = this.#lastPublished?.timestamp ?? trade.timestamp;
    this.#scope.differ('gaps', at, `trade ${trade.tradeId} was fetched, but lies in no gap`);
    this.#mayBeFetched = true;
  }
}
