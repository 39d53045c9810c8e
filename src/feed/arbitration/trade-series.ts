import { compareIds } from '../../domain/trade-id.ts';
import { ContiguousSequence } from '../../operators/sequence/contiguous-sequence.ts';
import type {
  Checkpoint,
  IdSequence,
  MissingValues,
  PossibleGap,
  Sequenced,
} from '../../operators/sequence/id-sequence.ts';
import { SparseSequence } from '../../operators/sequence/sparse-sequence.ts';
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
const sparseAccess = {
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

/** The trades, or the aggregated trades, of one symbol: in order, with their gaps named. */
export class TradeSeries {
  readonly symbol: string;
  readonly kind: SequencedTrade['kind'];
  readonly #sequence: IdSequence<SequencedTrade>;

  constructor({ symbol, kind, contiguous, recent }: SeriesOptions) {
    this.symbol = symbol;
    this.kind = kind;
    this.#sequence = contiguous
      ? new ContiguousSequence(contiguousAccess, MAX_HELD)
      : new SparseSequence(sparseAccess, { window: SEEN_WINDOW, recent, maxHeld: MAX_HELD });
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
  get wanted(): readonly MissingValues<SequencedTrade>[] {
    return this.#sequence.gaps;
  }

  /** Undefined: all that was traded, as far as is known, has passed on. */
  get doubt(): PossibleGap | undefined {
    return this.#sequence.possibleGap;
  }

  /** True once trades have waited as long as another line may take; where no line can help, at once. */
  isDue(now: number, otherLineMs: number): boolean {
    const since = this.heldSince;
    return since !== undefined && (!this.#sequence.isFilledByLines || now - since >= otherLineMs);
  }

  /** What it waits for lies before all that any line has brought. */
  get isResumed(): boolean {
    return this.#sequence.isResumed;
  }

  resume(checkpoint: Checkpoint): void {
    this.#sequence.resume(checkpoint);
  }

  forget(): MergedEvent[] {
    return this.#told(this.#sequence.forget());
  }

  joined(line: number): void {
    this.#sequence.joined(line);
  }

  subscribed(line: number, now: number): MergedEvent[] {
    return this.#told(this.#sequence.subscribed(line, now));
  }

  lost(line: number, now: number): MergedEvent[] {
    return this.#told(this.#sequence.lost(line, now));
  }

  /** A line that stays connected carries it no longer. */
  unsubscribed(line: number, now: number): MergedEvent[] {
    return this.#told(this.#sequence.unsubscribed(line, now));
  }

  handedOver(from: number, to: number, now: number): MergedEvent[] {
    return this.#told(this.#sequence.replaced(from, to, now));
  }

  /** True: the trade passes on as it is. */
  accept(line: number, trade: SequencedTrade, now: number): true | MergedEvent[] {
    return this.#sequence.next(line, trade) || this.#told(this.#sequence.accept(line, trade, now));
  }

  /** Announces the gaps that are as old and not announced yet. */
  tell(openedBy: number): MergedEvent[] {
    return this.#told(this.#sequence.announce(openedBy));
  }

  fill(fetched: readonly SequencedTrade[]): MergedEvent[] {
    return this.#told(this.#sequence.fill(fetched));
  }

  /** Waits no longer for what has been missing since then, or for anything. */
  release(openedBy?: number): MergedEvent[] {
    return this.#told(this.#sequence.release(openedBy));
  }

  #told(sequenced: readonly Sequenced<SequencedTrade>[]): MergedEvent[] {
    return sequenced.map((item) => (item.kind === 'value' ? item.value : this.#notice(item)));
  }

  #notice(item: Exclude<Sequenced<SequencedTrade>, { kind: 'value' }>): MergedEvent {
    const { symbol } = this;
    if (item.kind === 'reset')
      return { kind: 'ids_restarted', symbol, coin: item.value.coin, before: item.before, after: item.value };
    const { gap } = item;
    return { kind: item.kind === 'pending' ? 'hole_opened' : 'hole', symbol, coin: gap.after.coin, hole: gap };
  }
}
