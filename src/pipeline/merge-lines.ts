import type { VenueId } from '../domain/instrument.ts';
import type { MarketEvent } from '../domain/line.ts';
import type { AggTrade, BookTicker, Kline, TradeEvent } from '../domain/record.ts';
import { compareIds } from '../domain/trade-id.ts';
import { ContiguousSequence, type Hole, type Sequenced } from '../operators/contiguous-sequence.ts';
import { OverlapSequence } from '../operators/overlap-sequence.ts';

type SequencedTrade = TradeEvent | AggTrade;

/** A hole in the trades of one symbol, in its place in the stream. */
export interface HoleNotice {
  readonly kind: 'hole';
  readonly symbol: string;
  readonly coin: string;
  readonly hole: Hole<SequencedTrade>;
}

/** Trades on both sides of what is missing, exclusive. */
export interface TradeHole {
  readonly before: TradeEvent;
  readonly after: TradeEvent;
}

export type MergedEvent = MarketEvent | HoleNotice;

export interface MergeOptions {
  readonly venue: VenueId;
  readonly contiguousTradeIds: boolean;
}

/** Trades held behind one hole at the most. */
const MAX_HELD = 10_000;
/** Trades remembered per symbol where ids jump. */
const SEEN_WINDOW = 2048;
/** A book update id below the last one is a repeat by the slower line, or, after this long without a higher one, a new count. */
const BOOK_RESET_AFTER_US = 5_000_000;

const contiguousAccess = {
  first: (trade: SequencedTrade) => Number(trade.tradeId),
  last: (trade: SequencedTrade) => Number(trade.lastTradeId ?? trade.tradeId),
  timestamp: (trade: SequencedTrade) => trade.timestamp,
};
const overlapAccess = {
  compare: (a: SequencedTrade, b: SequencedTrade) => compareIds(a.tradeId, b.tradeId),
  id: (trade: SequencedTrade) => trade.tradeId,
};

interface SymbolState {
  readonly trades: ContiguousSequence<SequencedTrade> | OverlapSequence<SequencedTrade>;
  readonly aggTrades: ContiguousSequence<SequencedTrade>;
  readonly klines: Map<string, Kline>;
  bookTicker: BookTicker | undefined;
  tickerTimestamp: number;
}

/**
 * Merges the lines of one venue: of what several lines carry the first arrival passes, trades come out in the order
 * of their ids, holes are named in place. The state survives the loss of a line.
 */
export class LineMerge {
  readonly #options: MergeOptions;
  readonly #symbols = new Map<string, SymbolState>();
  readonly #lines = new Set<number>();
  /** Symbols that hold trades behind a hole. */
  readonly #holding = new Set<string>();
  #duplicates = 0;

  constructor(options: MergeOptions) {
    this.#options = options;
  }

  /** Trades and other events that had come before by another line, or repeated themselves. */
  get duplicates(): number {
    let count = this.#duplicates;
    for (const state of this.#symbols.values()) count += state.trades.duplicates + state.aggTrades.duplicates;
    return count;
  }

  get holds(): boolean {
    return this.#holding.size > 0;
  }

  lineJoined(line: number): void {
    this.#lines.add(line);
    for (const { trades } of this.#symbols.values()) if (trades instanceof OverlapSequence) trades.joined(line);
  }

  lineLost(line: number): MergedEvent[] {
    this.#lines.delete(line);
    const out: MergedEvent[] = [];
    for (const [symbol, { trades }] of this.#symbols)
      if (trades instanceof OverlapSequence) append(out, symbol, trades.lost(line));
    return out;
  }

  /** The events of one frame as they pass on: the same array where nothing had to be changed. */
  data(line: number, events: readonly MarketEvent[], now: number): readonly MergedEvent[] {
    let out: MergedEvent[] | undefined;
    for (let index = 0; index < events.length; index++) {
      const event = events[index] as MarketEvent;
      const passes = this.#passes(line, event, now);
      if (passes === true) {
        out?.push(event);
        continue;
      }
      out ??= events.slice(0, index);
      if (passes !== false) append(out, event.symbol, passes);
    }
    return out ?? events;
  }

  /** What is missing in the trades of a symbol that holds others back, in order; empty: nothing is. */
  holes(symbol: string): TradeHole[] {
    return this.#contiguous(symbol)?.holes.filter(isTradeHole) ?? [];
  }

  /** The first trade of a symbol that came and waits behind a hole. */
  waiting(symbol: string): SequencedTrade | undefined {
    return this.#contiguous(symbol)?.waiting;
  }

  /** Symbols whose trades wait behind a hole for at least `sinceMs`. */
  symbolsHeld(now: number, sinceMs: number): string[] {
    return [...this.#holding].filter((symbol) => {
      const heldSince = this.#contiguous(symbol)?.heldSince;
      return heldSince !== undefined && now - heldSince >= sinceMs;
    });
  }

  /** Takes trades that were fetched for the holes of a symbol. */
  fill(symbol: string, fetched: readonly TradeEvent[]): MergedEvent[] {
    const out: MergedEvent[] = [];
    append(out, symbol, this.#contiguous(symbol)?.fill(fetched) ?? []);
    return out;
  }

  /** Lets go all trades of a symbol: what is missing will not be had. */
  giveUp(symbol: string): MergedEvent[] {
    const out: MergedEvent[] = [];
    append(out, symbol, this.#contiguous(symbol)?.release() ?? []);
    return out;
  }

  /** Lets go what waits behind a hole for longer than it may. */
  release(now: number, holdMs: { readonly trades: number; readonly aggTrades: number }): MergedEvent[] {
    const out: MergedEvent[] = [];
    for (const symbol of this.#holding) {
      const { trades, aggTrades } = this.#symbols.get(symbol) as SymbolState;
      const waits = [
        this.#releaseOne(out, symbol, trades, now, holdMs.trades),
        this.#releaseOne(out, symbol, aggTrades, now, holdMs.aggTrades),
      ];
      if (!waits.includes(true)) this.#holding.delete(symbol);
    }
    return out;
  }

  /** True when the sequence goes on waiting. */
  #releaseOne(
    out: MergedEvent[],
    symbol: string,
    sequence: SymbolState['trades'],
    now: number,
    holdMs: number,
  ): boolean {
    if (!(sequence instanceof ContiguousSequence)) return false;
    append(out, symbol, sequence.release(now - holdMs));
    return sequence.heldSince !== undefined;
  }

  #contiguous(symbol: string): ContiguousSequence<SequencedTrade> | undefined {
    const trades = this.#symbols.get(symbol)?.trades;
    return trades instanceof ContiguousSequence ? trades : undefined;
  }

  #passes(line: number, event: MarketEvent, now: number): boolean | Sequenced<SequencedTrade>[] {
    const state = this.#symbols.get(event.symbol) ?? this.#newSymbol(event.symbol);
    switch (event.kind) {
      case 'trade':
        return this.#sequence(state.trades, line, event, now);
      case 'agg_trade':
        return this.#sequence(state.aggTrades, line, event, now);
      case 'ticker':
        if (event.timestamp <= state.tickerTimestamp) return this.#repeat();
        state.tickerTimestamp = event.timestamp;
        return true;
      case 'book_ticker':
        if (state.bookTicker !== undefined && !isNewerBook(event, state.bookTicker)) return this.#repeat();
        state.bookTicker = event;
        return true;
      case 'kline': {
        const last = state.klines.get(event.interval);
        if (last !== undefined && !isNewerKline(event, last)) return this.#repeat();
        state.klines.set(event.interval, event);
        return true;
      }
    }
  }

  #sequence(
    sequence: SymbolState['trades'],
    line: number,
    trade: SequencedTrade,
    now: number,
  ): boolean | Sequenced<SequencedTrade>[] {
    if (sequence instanceof OverlapSequence) return sequence.next(line, trade) || sequence.accept(line, trade);
    if (sequence.next(trade)) return true;
    const out = sequence.accept(trade, now);
    if (sequence.heldSince !== undefined) this.#holding.add(trade.symbol);
    return out;
  }

  #repeat(): false {
    this.#duplicates++;
    return false;
  }

  #newSymbol(symbol: string): SymbolState {
    const trades = this.#options.contiguousTradeIds
      ? new ContiguousSequence(contiguousAccess, MAX_HELD)
      : new OverlapSequence(overlapAccess, SEEN_WINDOW);
    if (trades instanceof OverlapSequence) for (const line of this.#lines) trades.joined(line);
    const state: SymbolState = {
      trades,
      aggTrades: new ContiguousSequence(contiguousAccess, MAX_HELD),
      klines: new Map(),
      bookTicker: undefined,
      tickerTimestamp: Number.NEGATIVE_INFINITY,
    };
    this.#symbols.set(symbol, state);
    return state;
  }
}

function isTradeHole(hole: { readonly before: SequencedTrade; readonly after: SequencedTrade }): hole is TradeHole {
  return hole.before.kind === 'trade' && hole.after.kind === 'trade';
}

function append(out: MergedEvent[], symbol: string, sequenced: readonly Sequenced<SequencedTrade>[]): void {
  for (const item of sequenced) {
    if (item.kind === 'value') out.push(item.value);
    else if (item.kind === 'hole') out.push({ kind: 'hole', symbol, coin: item.hole.after.coin, hole: item.hole });
  }
}

function isNewerBook(event: BookTicker, last: BookTicker): boolean {
  if (event.updateId === null || last.updateId === null) return true;
  const order = compareIds(event.updateId, last.updateId);
  if (order > 0) return true;
  if (order === 0) return false;
  if (event.timestamp !== null && last.timestamp !== null) return event.timestamp > last.timestamp;
  return event.receivedAt - last.receivedAt > BOOK_RESET_AFTER_US;
}

function isNewerKline(event: Kline, last: Kline): boolean {
  if (event.openTime !== last.openTime) return event.openTime > last.openTime;
  return event.timestamp > last.timestamp;
}
