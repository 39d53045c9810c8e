import { at } from '../domain/at.ts';
import type { Gap } from '../domain/record.ts';
import { type AnyTrade, compareIds } from '../domain/trade-id.ts';
import { MINUTE_MS } from '../feed/audits/audited-minute.ts';
import { idsBetween } from '../feed/resume/epoch-ledger.ts';
import { tradesIn } from '../market/candles/candle.ts';
import { minuteOf, type SeriesScope } from './audit-scope.ts';
import type { Placed } from './record-store.ts';

/** Compares the records of one gap with the trades inside it. */
export class OpenGap {
  /** The records of the gap, in the order of the topic. */
  readonly #records: readonly Placed<Gap>[];
  readonly #scope: SeriesScope;
  /** Trades inside the gap, or their ids if ids are contiguous. */
  #inside = 0;
  #late = 0;
  #lateAt = 0;
  #latePosition = -1;
  #isFollowed = false;

  constructor(records: readonly Placed<Gap>[], scope: SeriesScope) {
    this.#records = records.toSorted((a, b) => a.position - b.position);
    this.#scope = scope;
  }

  /** The first record. */
  get bounds(): Gap {
    return at(this.#records, 0).record;
  }

  /** The last record. */
  get last(): Gap {
    return at(this.#records, this.#records.length - 1).record;
  }

  /** True if trades inside it may be published ones: a candle shows that trades of a whole minute are missing. */
  get mayBeOfCandle(): boolean {
    const { fromTime, toTime } = this.bounds;
    return !this.#scope.isContiguous && minuteOf(toTime) - minuteOf(fromTime) > MINUTE_MS;
  }

  get position(): number {
    return at(this.#records, 0).position;
  }

  /** Returns true if the ids between `before` and `after`, both exclusive, lie in the gap. */
  covers(before: string, after: string): boolean {
    const { fromId, toId } = this.bounds;
    return (fromId === null || compareIds(fromId, before) <= 0) && (toId === null || compareIds(toId, after) >= 0);
  }

  /** Compares with the trade before the gap. */
  checkStart(before: AnyTrade, beforeId: string): void {
    for (const { record } of this.#records) {
      if (record.fromId !== null && record.fromId !== beforeId)
        this.#differ(`from_id ${record.fromId} is no published trade; the one before is ${beforeId}`);
      else if (record.fromTime !== before.timestamp)
        this.#scope.differ('gaps', before.timestamp, `${this.#name}: from_time is not that of trade ${beforeId}`);
    }
  }

  /** Counts a trade. Returns false if it ends the gap. */
  take(trade: AnyTrade, latePosition: number | undefined): boolean {
    const { toId, outcome } = this.bounds;
    const isLate = latePosition !== undefined;
    if (toId !== null && compareIds(trade.tradeId, toId) >= 0) {
      this.#checkEnd(trade, isLate);
      return false;
    }
    const ids = tradesIn(trade, this.#scope.isContiguous);
    if (!isLate) {
      this.#inside += ids;
      if (toId === null && outcome === 'unknown' && !this.#isFollowed)
        this.#differ(`trade ${trade.tradeId} follows, but to_id is null`);
      this.#isFollowed = true;
      return true;
    }
    this.#late += ids;
    this.#lateAt = Math.max(this.#lateAt, trade.receivedAt / 1000);
    if (latePosition < this.#latePosition)
      this.#scope.differ('late-trades', trade.timestamp, `trade ${trade.tradeId} comes before one with a smaller id`);
    this.#latePosition = latePosition;
    return true;
  }

  /** Ends the series. */
  end(knownTo: number): void {
    const { toId, toTime } = this.bounds;
    const isUnfinished = toId !== null && (this.#inside + this.#late === 0 || this.#isAtStop);
    if (toTime >= knownTo || isUnfinished) return;
    if (toId !== null) this.#differ(`to_id ${toId} is no published trade`);
    this.#compare();
  }

  /** A gap is published before the trade that ends it. If the feed or the epoch ends in between, another gap follows. */
  get #isAtStop(): boolean {
    const { fromTime, toTime } = this.bounds;
    return this.#scope.stops.touches(fromTime, toTime);
  }

  #checkEnd(after: AnyTrade, isLate: boolean): void {
    if (this.bounds.toId !== after.tradeId && this.#isAtStop) return;
    for (const { record } of this.#records) {
      if (isLate || record.toId !== after.tradeId) this.#differ(`to_id ${record.toId} is no published trade`);
      else if (record.toTime !== after.timestamp) this.#differ(`to_time is not that of trade ${after.tradeId}`);
    }
    this.#compare();
  }

  #compare(): void {
    let before: Gap | undefined;
    for (const { record } of this.#records) {
      // A record may come again after a broken connection.
      if (before?.outcome === record.outcome) continue;
      this.#compareRecord(record, before);
      before = record;
    }
    const isHealing = this.#lateAt > this.#scope.healedTo;
    // A venue may no longer have some of the trades. Then the gap stays open, with the late trades that it had.
    const { missing, outcome } = this.last;
    const isFilled = missing === null || this.#inside + this.#late >= missing;
    if (this.#late > 0 && outcome !== 'healed' && isFilled && !isHealing)
      this.#differ(`${this.#late} trades of it are late trades, but no record says healed`);
  }

  #compareRecord({ outcome, missing, filled }: Gap, before: Gap | undefined): void {
    const { fromId, toId } = this.bounds;
    if (this.#scope.isContiguous && fromId !== null && toId !== null) {
      const ids = idsBetween(fromId, toId) - 1;
      if (missing !== ids) this.#differ(`missing is ${missing}, but ${ids} ids lie in it`);
    }
    if (outcome === 'healed') {
      const isLateAlone = !this.#scope.isContiguous && filled === this.#late;
      const there = (isLateAlone ? 0 : this.#inside) + this.#late;
      if (before === undefined) this.#differ('it is healed, but no record before says unrepaired');
      if (missing !== null && missing !== there) this.#differ(`it is healed, but has ${there} of ${missing} trades`);
      if (filled !== there) this.#differ(`filled is ${filled}, but ${there} trades are there`);
      return;
    }
    if (before !== undefined) this.#differ(`${outcome} follows ${before.outcome}`);
    const inside = this.mayBeOfCandle && filled === 0 ? 0 : this.#inside;
    if (filled !== inside) this.#differ(`filled is ${filled}, but ${inside} trades are there`);
    if (outcome === 'repaired' && missing !== filled)
      this.#differ(`it is repaired, but has ${filled} of ${missing} trades`);
    if (outcome === 'unrepaired' && missing !== null && filled >= missing)
      this.#differ('it is unrepaired, but no trade is missing');
  }

  get #name(): string {
    const { fromId, toId } = this.bounds;
    return `gap ${fromId ?? 'start'} to ${toId ?? 'end'}`;
  }

  #differ(text: string): void {
    this.#scope.differ('gaps', this.bounds.fromTime, `${this.#name}: ${text}`);
  }
}
