import { lastIdOf } from '../../domain/trade-id.ts';
import type { Checkpoint } from '../../operators/sequence/id-sequence.ts';
import type { SequencedTrade } from '../arbitration/merged-event.ts';
import { idsBetween } from '../resume/epoch-ledger.ts';
import type { AuditedMinute } from './audited-minute.ts';

/** How many borders between runs are kept. */
const BORDERS_KEPT = 64;

/** Two trades that follow each other, of two minutes. */
interface Border {
  readonly before: SequencedTrade;
  readonly after: SequencedTrade;
}

/**
 * Checks that contiguous ids follow each other. A run is trades of one minute that were published one after the other.
 * The ids are compared only at the ends of runs, because a comparison at each trade would cost more than the sums.
 */
export class IdRuns {
  readonly #contiguousIds: boolean;
  /** The minute of the current run, and the last trade before the run. */
  #minute: AuditedMinute | undefined;
  #before: SequencedTrade | undefined;
  #firstId = '';
  /** Number of ids in the minute before the run. */
  #idsBefore = 0;
  readonly #borders: Border[] = [];

  constructor(contiguousIds: boolean) {
    this.#contiguousIds = contiguousIds;
  }

  /** The last published trade. */
  get last(): SequencedTrade | undefined {
    return this.#minute?.sums.last ?? this.#before;
  }

  /** Notes a published trade whose minute is not audited here. */
  skip(trade: SequencedTrade): void {
    this.#minute = undefined;
    this.#before = trade;
  }

  /** Begins a run with the first trade of a minute, or with a trade of another minute than the last one. */
  begin(minute: AuditedMinute, trade: SequencedTrade): void {
    this.check();
    const { last } = this;
    if (last !== undefined) {
      this.#borders.push({ before: last, after: trade });
      if (this.#borders.length > BORDERS_KEPT) this.#borders.shift();
      if (this.#contiguousIds && idsBetween(lastIdOf(last), trade.tradeId) !== 1) {
        const jump = `id ${trade.tradeId} follows ${lastIdOf(last)}`;
        minute.jump ??= jump;
        if (this.#minute !== undefined) this.#minute.jump ??= jump;
      }
    }
    this.#minute = minute;
    this.#before = last;
    this.#firstId = trade.tradeId;
    this.#idsBefore = minute.sums.ids;
  }

  /** Checks the ids of the current run. */
  check(): void {
    if (!this.#contiguousIds || this.#minute === undefined) return;
    const { sums } = this.#minute;
    const span = idsBetween(this.#firstId, sums.lastId) + 1;
    const ids = sums.ids - this.#idsBefore;
    if (span !== ids) this.#minute.jump ??= `ids ${this.#firstId} to ${sums.lastId} have ${ids} trades, not ${span}`;
  }

  /** True if a trade after the minute was published. */
  isPast({ end }: AuditedMinute): boolean {
    return this.last !== undefined && this.last.timestamp >= end;
  }

  /** Returns the last trade before the minute and the first one after it; null: none is known. */
  around({ start, end }: AuditedMinute): { readonly before: Checkpoint | null; readonly after: Checkpoint | null } {
    const { last } = this;
    const border = this.#borders.find((each) => each.before.timestamp < start && each.after.timestamp >= start);
    const before = border?.before ?? (last !== undefined && last.timestamp < start ? last : undefined);
    const after = this.#borders.findLast((each) => each.before.timestamp < end && each.after.timestamp >= end)?.after;
    return {
      before: before === undefined ? null : { id: lastIdOf(before), timestamp: before.timestamp },
      after: after === undefined ? null : { id: after.tradeId, timestamp: after.timestamp },
    };
  }
}
