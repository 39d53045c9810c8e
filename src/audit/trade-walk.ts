import type { TradeEvent } from '../domain/record.ts';
import { type AnyTrade, compareIds, lastIdOf } from '../domain/trade-id.ts';
import type { SeriesScope, TradeCheck } from './audit-scope.ts';
import type { SortedRecords } from './record-store.ts';

export interface WalkedTrades {
  readonly topic: 'trades' | 'agg-trades';
  readonly late: SortedRecords<TradeEvent>;
  readonly checks: readonly TradeCheck[];
  /** Called for each trade. */
  readonly onTrade: (trade: AnyTrade, isLate: boolean) => void;
}

/** Passes the trades of one series and its late trades to the checks, in one order. */
export class TradeWalk {
  readonly #scope: SeriesScope;
  readonly #walked: WalkedTrades;
  #lastId: string | undefined;
  #lastTime = 0;
  #lastLateId: string | undefined;
  #isCut = false;

  constructor(scope: SeriesScope, walked: WalkedTrades) {
    this.#scope = scope;
    this.#walked = walked;
  }

  add(trade: AnyTrade): void {
    // A trade that came after the other topics were read may have a gap that was not read.
    this.#isCut ||= trade.receivedAt / 1000 > this.#scope.readTo;
    if (this.#isCut) return;
    const { topic } = this.#walked;
    this.#addLate(({ tradeId }) => compareIds(tradeId, trade.tradeId) < 0);
    if (this.#lastId !== undefined && compareIds(trade.tradeId, this.#lastId) <= 0)
      this.#scope.differ(topic, trade.timestamp, `trade ${trade.tradeId} comes after trade ${this.#lastId}`);
    else this.#lastId = lastIdOf(trade);
    this.#pass(trade, undefined);
    this.#lastTime = Math.max(this.#lastTime, trade.timestamp);
  }

  end(): void {
    if (!this.#isCut) this.#addLate(() => true);
    for (const check of this.#walked.checks) check.end(this.#isCut ? this.#lastTime : Number.POSITIVE_INFINITY);
  }

  #addLate(isNext: (trade: TradeEvent) => boolean): void {
    const { late } = this.#walked;
    for (let next = late.peek(); next !== undefined && isNext(next.record); next = late.peek()) {
      late.next();
      const { record, position } = next;
      const { tradeId, timestamp, source } = record;
      const differ = (text: string): void => this.#scope.differ('late-trades', timestamp, `trade ${tradeId} ${text}`);
      if (source !== 'backfill') differ('does not have the source backfill');
      if (tradeId === this.#lastLateId) differ('is there twice');
      else if (this.#lastId !== undefined && compareIds(tradeId, this.#lastId) <= 0) differ('is in trades, too');
      else this.#pass(record, position);
      this.#lastLateId = tradeId;
    }
  }

  #pass(trade: AnyTrade, latePosition: number | undefined): void {
    for (const check of this.#walked.checks) check.add(trade, latePosition);
    this.#walked.onTrade(trade, latePosition !== undefined);
  }
}
