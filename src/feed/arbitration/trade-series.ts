import { compareIds } from '../../domain/trade-id.ts';
import { ContiguousSequence, type Mark, type Sequenced } from '../../operators/sequence/contiguous-sequence.ts';
import { OverlapSequence } from '../../operators/sequence/overlap-sequence.ts';
import type { MergedEvent, SequencedTrade } from './merged-event.ts';

/** Trades held behind one hole at the most. */
const MAX_HELD = 10_000;
/** Trades remembered per symbol where ids jump. */
const SEEN_WINDOW = 2048;

const contiguousAccess = {
  first: (trade: SequencedTrade) => Number(trade.tradeId),
  last: (trade: SequencedTrade) => Number(trade.lastTradeId ?? trade.tradeId),
  timestamp: (trade: SequencedTrade) => trade.timestamp,
};
const overlapAccess = {
  compare: compareIds,
  id: (trade: SequencedTrade) => trade.tradeId,
  timestamp: (trade: SequencedTrade) => trade.timestamp,
};

export interface SeriesOptions {
  readonly symbol: string;
  readonly kind: SequencedTrade['kind'];
  /** Ids step by one. */
  readonly contiguous: boolean;
  /** Where they do not: the venue's last trades can be asked for. */
  readonly recent: boolean;
}

/** What trades of a series wait for: those between two others, or the last ones as far back as `before`. */
export interface Wanted {
  readonly before: Mark;
  /** Undefined: nothing has come since. */
  readonly after: SequencedTrade | undefined;
}

/** Trades may be missing behind one. */
export interface SeriesDoubt {
  readonly before: Mark;
  /** Which it is: another where it began anew. */
  readonly since: number;
}

/** No line carries the trades. */
const BLIND = Number.NEGATIVE_INFINITY;

/** The trades, or the aggregated trades, of one symbol: in order, with their holes named. */
export class TradeSeries {
  readonly symbol: string;
  readonly kind: SequencedTrade['kind'];
  readonly #contiguous: ContiguousSequence<SequencedTrade> | undefined;
  readonly #overlap: OverlapSequence<SequencedTrade> | undefined;
  /** Lines that carry it, where ids step by one. */
  readonly #lines = new Set<number>();
  /** The last trade that came before no line was left. */
  #blind: SeriesDoubt | undefined;

  constructor({ symbol, kind, contiguous, recent }: SeriesOptions) {
    this.symbol = symbol;
    this.kind = kind;
    if (contiguous) this.#contiguous = new ContiguousSequence(contiguousAccess, MAX_HELD);
    else this.#overlap = new OverlapSequence(overlapAccess, { window: SEEN_WINDOW, recent, maxHeld: MAX_HELD });
  }

  get duplicates(): number {
    return this.#sequence.duplicates;
  }

  /** Since when trades wait; undefined: none do. */
  get heldSince(): number | undefined {
    return this.#sequence.heldSince;
  }

  /** The first trade that came and waits. */
  get waiting(): SequencedTrade | undefined {
    return this.#sequence.waiting;
  }

  /** What is missing, in order. */
  get wanted(): Wanted[] {
    if (this.#contiguous !== undefined) return this.#contiguous.holes;
    const before = this.#overlap?.wanted;
    return before === undefined ? [] : [{ before, after: this.waiting }];
  }

  /** Undefined: all that was traded, as far as is known, has passed on. */
  get doubt(): SeriesDoubt | undefined {
    const since = this.heldSince;
    if (since !== undefined || this.#contiguous === undefined) {
      const before = this.#contiguous === undefined ? this.#overlap?.unwatched : this.#contiguous.last;
      return before === undefined ? undefined : { before, since: since ?? BLIND };
    }
    if (this.#blind === undefined) return undefined;
    const { id, timestamp } = this.#blind.before;
    // Once ids have started again, another trade may bear the same one.
    const newest = this.#contiguous.newest;
    return newest?.id === id && newest.timestamp === timestamp ? this.#blind : undefined;
  }

  /** True once trades have waited as long as another line may take; where no line can help, at once. */
  isDue(now: number, otherLineMs: number): boolean {
    const since = this.heldSince;
    return since !== undefined && (this.#overlap !== undefined || now - since >= otherLineMs);
  }

  /** What it waits for lies before all that any line has brought. */
  get isResumed(): boolean {
    return this.#contiguous?.isResumed === true;
  }

  resume(mark: Mark): void {
    this.#sequence.resume(mark);
  }

  forget(): MergedEvent[] {
    return this.#told(this.#sequence.forget());
  }

  joined(line: number): void {
    this.#overlap?.joined(line);
  }

  subscribed(line: number, now: number): MergedEvent[] {
    this.#lines.add(line);
    // What the line brings may wait for what it has missed.
    if (this.#blind !== undefined) this.#blind = { ...this.#blind, since: now };
    return this.#told(this.#overlap?.subscribed(line, now) ?? []);
  }

  lost(line: number, now: number): MergedEvent[] {
    this.#gone(line);
    return this.#told(this.#overlap?.lost(line, now) ?? []);
  }

  /** A line that stays connected carries it no longer. */
  unsubscribed(line: number, now: number): MergedEvent[] {
    this.#gone(line);
    return this.#told(this.#overlap?.unsubscribed(line, now) ?? []);
  }

  handedOver(from: number, to: number, now: number): MergedEvent[] {
    if (this.#lines.delete(from)) this.#lines.add(to);
    return this.#told(this.#overlap?.handedOver(from, to, now) ?? []);
  }

  /** True: the trade passes on as it is. */
  accept(line: number, trade: SequencedTrade, now: number): true | MergedEvent[] {
    if (this.#contiguous !== undefined)
      return this.#contiguous.next(trade) || this.#told(this.#contiguous.accept(trade, now));
    const overlap = this.#overlap as OverlapSequence<SequencedTrade>;
    return overlap.next(line, trade) || this.#told(overlap.accept(line, trade, now));
  }

  /** As of `ContiguousSequence`; where ids jump, never. */
  isRepeat(id: number, timestamp: number): boolean {
    return this.#contiguous?.isRepeat(id, timestamp) === true;
  }

  /** Announces the holes that are as old and not announced yet. */
  tell(openedBy: number): MergedEvent[] {
    return this.#told(this.#contiguous?.tell(openedBy) ?? []);
  }

  fill(fetched: readonly SequencedTrade[]): MergedEvent[] {
    return this.#told(this.#sequence.fill(fetched));
  }

  /** Waits no longer for what has been missing since then, or for anything. */
  release(openedBy?: number): MergedEvent[] {
    return this.#told(this.#sequence.release(openedBy));
  }

  #gone(line: number): void {
    const before = this.#contiguous?.newest;
    if (this.#lines.delete(line) && this.#lines.size === 0 && before !== undefined)
      this.#blind = { before, since: BLIND };
  }

  get #sequence(): ContiguousSequence<SequencedTrade> | OverlapSequence<SequencedTrade> {
    return this.#contiguous ?? (this.#overlap as OverlapSequence<SequencedTrade>);
  }

  #told(sequenced: readonly Sequenced<SequencedTrade>[]): MergedEvent[] {
    return sequenced.map((item) => (item.kind === 'value' ? item.value : this.#notice(item)));
  }

  #notice(item: Exclude<Sequenced<SequencedTrade>, { kind: 'value' }>): MergedEvent {
    const { symbol } = this;
    if (item.kind === 'reset')
      return { kind: 'ids_restarted', symbol, coin: item.value.coin, before: item.before, after: item.value };
    const { hole } = item;
    return { kind: item.kind === 'opened' ? 'hole_opened' : 'hole', symbol, coin: hole.after.coin, hole };
  }
}
