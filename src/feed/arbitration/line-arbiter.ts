import { Observable, type SchedulerLike, Subject, type Subscriber, type Subscription } from 'rxjs';
import { getOrCreate } from '../../domain/get-or-create.ts';
import { type GapEvent, repairGaps } from '../../operators/repair-gaps.ts';
import type { PossibleGap } from '../../operators/sequence/id-sequence.ts';
import type { RepairLinesOptions, SequenceChange } from '../../operators/sequence/repair-options.ts';
import type {
  ArbitratedEvents,
  LineData,
  MergedEvent,
  PossibleGapEvent,
  Resumption,
  SequencedTrade,
} from './merged-event.ts';
import { NewestValues } from './newest-values.ts';
import { TradeSeries } from './trade-series.ts';

// Merges the lines of one venue into one stream: the first arrival of each event passes.

/** When and how the arbiter fetches missing trades. */
export type TradeRepair = Pick<
  RepairLinesOptions<Arrival, SequencedTrade, TradeSeries>,
  'graceMs' | 'holdMs' | 'atOnce' | 'fetch'
>;

export interface LineArbiterOptions {
  readonly contiguousTradeIds: boolean;
  /** True if the ids are sparse, and the venue's last trades can be fetched. */
  readonly recentTrades: boolean;
  readonly repair: TradeRepair;
  readonly scheduler: SchedulerLike;
  /** Receives events that come without a frame, or that must go before the other events of a frame. */
  readonly out: (events: ArbitratedEvents) => void;
}

/** One trade from one line. */
interface Arrival {
  readonly series: TradeSeries;
  readonly line: number;
  readonly trade: SequencedTrade;
}

/** The arbiter's state of one symbol. It is never replaced, so callers may keep it. */
export interface ArbiterSymbol {
  readonly symbol: string;
  readonly trades: TradeSeries;
  readonly aggTrades: TradeSeries;
  readonly newest: NewestValues;
}

const NONE: readonly never[] = [];

/** Merges the lines of one venue: the first arrival passes, trades come in order of ids, gaps are repaired. */
export class LineArbiter {
  readonly #options: LineArbiterOptions;
  /** Receives the trades. It is no Subject, because a Subject takes as long for a trade as all later steps together. */
  #arrivals: Subscriber<Arrival> | undefined;
  readonly #changes$ = new Subject<SequenceChange<TradeSeries, SequencedTrade>>();
  readonly #subscription: Subscription;
  readonly #symbols = new Map<string, ArbiterSymbol>();
  /** Symbols with subscribed trades, by line. */
  readonly #lines = new Map<number, Set<string>>();
  /** The events of the current frame that passed. Undefined while events come without a frame. */
  #frame: MergedEvent[] | undefined;
  #frameAt = 0;
  #duplicates = 0;

  constructor(options: LineArbiterOptions) {
    this.#options = options;
    const arrivals$ = new Observable<Arrival>((subscriber) => {
      this.#arrivals = subscriber;
    });
    this.#subscription = arrivals$
      .pipe(
        repairGaps<Arrival, SequencedTrade, TradeSeries>({
          ...options.repair,
          key: ({ series }) => series,
          line: ({ line }) => line,
          value: ({ trade }) => trade,
          sequence: ({ sequence }) => sequence,
          changes$: this.#changes$,
          onPossibleGap: (series, gap) => this.#emit(series, possibleGapOf(series, gap)),
          scheduler: options.scheduler,
        }),
      )
      .subscribe((event) => this.#emit(event.key, mergedEvent(event)));
  }

  /** Number of events that another line had delivered before, or that a line repeated. */
  get duplicates(): number {
    let count = this.#duplicates;
    for (const { trades, aggTrades } of this.#symbols.values())
      count += trades.sequence.duplicates + aggTrades.sequence.duplicates;
    return count;
  }

  /** Returns the symbol's state. Get it once and pass it with each frame. */
  of(symbol: string): ArbiterSymbol {
    return getOrCreate(this.#symbols, symbol, () => this.#newSymbol(symbol));
  }

  /** Returns those events of a frame that pass the arbiter. All are of one symbol. */
  data(of: ArbiterSymbol, line: number, events: readonly LineData[], receivedAt: number): readonly MergedEvent[] {
    const frame: MergedEvent[] = [];
    this.#frame = frame;
    this.#frameAt = receivedAt;
    for (const event of events) {
      if (event.kind === 'trade') this.#arrivals?.next({ series: of.trades, line, trade: event });
      else if (event.kind === 'agg_trade') this.#arrivals?.next({ series: of.aggTrades, line, trade: event });
      else if (of.newest.passes(event)) frame.push(event);
      else this.#duplicates++;
    }
    this.#frame = undefined;
    return frame;
  }

  /** Sets the symbol's resume point. Call it before any data of the symbol. */
  resume(symbol: string, resumption: Resumption): void {
    const { trades, aggTrades } = this.of(symbol);
    for (const [kind, checkpoint] of resumption) {
      (kind === 'trade' ? trades : aggTrades).sequence.resume(checkpoint);
    }
  }

  /** Undoes `resume` if nothing was published since. Call it when another venue has served the symbol. */
  forget(symbol: string): void {
    for (const series of this.#seriesOf(symbol)) this.#change(series, (sequence) => sequence.forget());
  }

  /** Gives up pending gaps and emits the trades after them. */
  flush(): void {
    for (const symbol of this.#symbols.keys())
      for (const series of this.#seriesOf(symbol))
        if (series.sequence.heldSince !== undefined) this.#change(series, (sequence) => sequence.release());
  }

  close(): void {
    this.#subscription.unsubscribe();
  }

  lineJoined(line: number): void {
    this.#lines.set(line, new Set());
    for (const { trades } of this.#symbols.values()) trades.sequence.joined(line);
  }

  /** Notes that the venue acknowledged a line's subscription of these symbols' trades. */
  lineSubscribed(line: number, symbols: readonly string[]): void {
    const subscribed = this.#lines.get(line);
    for (const symbol of symbols) {
      subscribed?.add(symbol);
      const trades = this.#symbols.get(symbol)?.trades;
      if (trades !== undefined) this.#change(trades, (sequence, now) => sequence.subscribed(line, now));
    }
  }

  /**
   * Notes that a symbol's subscription ended, on all lines or on `line`. Trades may be missed until the next
   * subscription.
   */
  unsubscribed(symbol: string, line?: number): void {
    const lines = line === undefined ? [...this.#lines.keys()] : [line];
    const trades = this.#symbols.get(symbol)?.trades;
    for (const one of lines) {
      this.#lines.get(one)?.delete(symbol);
      if (trades !== undefined) this.#change(trades, (sequence, now) => sequence.unsubscribed(one, now));
    }
  }

  lineLost(line: number): void {
    this.#lines.delete(line);
    for (const { trades } of this.#symbols.values()) this.#change(trades, (sequence, now) => sequence.lost(line, now));
  }

  /** Notes that line `to`, which is subscribed, replaces line `from`, which is about to close. */
  lineReplaced(from: number, to: number): void {
    this.#lines.delete(from);
    const carried = this.#lines.get(to);
    for (const { symbol, trades } of this.#symbols.values())
      this.#change(trades, (sequence, now) =>
        // If the venue refused the symbol's topics on `to`, the symbol's data ends with `from`.
        carried?.has(symbol) === true ? sequence.replaced(from, to, now) : sequence.lost(from, now),
      );
  }

  /** Returns where trades of a symbol are or may be missing now. */
  possibleGaps(symbol: string): readonly PossibleGapEvent[] {
    return this.#seriesOf(symbol)
      .map((series) => possibleGapOf(series, series.sequence.possibleGap))
      .filter(({ before }) => before !== null);
  }

  #change(key: TradeSeries, change: SequenceChange<TradeSeries, SequencedTrade>['change']): void {
    this.#changes$.next({ key, change });
  }

  #seriesOf(symbol: string): readonly TradeSeries[] {
    const known = this.#symbols.get(symbol);
    return known === undefined ? NONE : [known.trades, known.aggTrades];
  }

  #newSymbol(symbol: string): ArbiterSymbol {
    const { contiguousTradeIds: contiguous, recentTrades: recent } = this.#options;
    const trades = new TradeSeries(symbol, 'trade', { contiguous, recent });
    const aggTrades = new TradeSeries(symbol, 'agg_trade');
    for (const [line, subscribed] of this.#lines) {
      trades.sequence.joined(line);
      if (subscribed.has(symbol)) trades.sequence.subscribed(line, this.#options.scheduler.now());
    }
    return { symbol, trades, aggTrades, newest: new NewestValues() };
  }

  /** Emits an event. A pending or possible gap is not part of a frame, so the frame's earlier events go first. */
  #emit(series: TradeSeries, event: MergedEvent): void {
    const { symbol: key } = series;
    const frame = this.#frame;
    if (frame === undefined || event.kind === 'sequence_gap_pending' || event.kind === 'possible_gap') {
      if (frame !== undefined && frame.length > 0)
        this.#options.out({ kind: 'value', key, at: this.#frameAt, value: frame.splice(0) });
      this.#options.out({ kind: 'value', key, at: lateAt(series, event), value: [event], late: true });
    } else pushTogether(frame, event);
  }
}

/** Returns true if trades of the symbol wait for missing trades. */
export function holds({ trades, aggTrades }: ArbiterSymbol): boolean {
  return trades.sequence.heldSince !== undefined || aggTrades.sequence.heldSince !== undefined;
}

/**
 * Returns the arrival time of an event without a frame. Fetched trades get the arrival time of the trade that waited
 * for them.
 */
function lateAt(series: TradeSeries, event: MergedEvent): number {
  if (event.kind === 'sequence_gap_closed' || event.kind === 'sequence_gap_pending') return event.gap.after.receivedAt;
  if (event.kind === 'ids_restarted') return event.after.receivedAt;
  if (event.kind === 'possible_gap') return 0;
  const isFetched = (event.kind === 'trade' || event.kind === 'agg_trade') && event.source !== 'live';
  const at = isFetched ? (series.fetchedFor ?? event.receivedAt) : event.receivedAt;
  series.lateAt = isFetched ? Math.max(at, series.lateAt) : at;
  return series.lateAt;
}

function mergedEvent(event: GapEvent<SequencedTrade, TradeSeries>): MergedEvent {
  if (event.kind === 'value') return event.value;
  const { symbol } = event.key;
  if (event.kind === 'reset')
    return { kind: 'ids_restarted', symbol, coin: event.value.coin, before: event.before, after: event.value };
  const { gap } = event;
  const kind = event.kind === 'pending' ? 'sequence_gap_pending' : 'sequence_gap_closed';
  return { kind, symbol, coin: gap.after.coin, gap };
}

function possibleGapOf({ symbol, kind, sequence }: TradeSeries, gap: PossibleGap | undefined): PossibleGapEvent {
  const waits = sequence.heldSince !== undefined;
  return { kind: 'possible_gap', symbol, of: kind, before: gap?.before ?? null, waits };
}

/**
 * Adds an event to a frame. Each trade that came too late and was dropped makes a gap. Gaps between the same two trades
 * are joined, because they would have the same identity.
 */
function pushTogether(out: MergedEvent[], event: MergedEvent): void {
  const last = out.at(-1);
  if (event.kind === 'sequence_gap_closed' && last?.kind === 'sequence_gap_closed') {
    const { before, after, missing, filled } = last.gap;
    const more = event.gap;
    const isSame = before.id === more.before.id && after.tradeId === more.after.tradeId;
    if (isSame && missing !== null && more.missing !== null) {
      const gap = { before, after, missing: missing + more.missing, filled: filled + more.filled };
      out[out.length - 1] = { ...last, gap };
      return;
    }
  }
  out.push(event);
}
