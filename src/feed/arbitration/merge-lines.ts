import type { BookTicker, Kline } from '../../domain/record.ts';
import { compareIds } from '../../domain/trade-id.ts';
import type { Checkpoint } from '../../operators/sequence/id-sequence.ts';
import type { Doubt, LineData, MergedEvent } from './merged-event.ts';
import { TradeSeries } from './trade-series.ts';

export interface MergeOptions {
  readonly contiguousTradeIds: boolean;
  /** The venue's last trades can be asked for where its ids do not tell a hole. */
  readonly recentTrades: boolean;
}

/** Where a former run ended; null: it published none. */
export interface Resumption {
  readonly trade: Checkpoint | null;
  readonly aggTrade: Checkpoint | null;
}

/** A book update id below the last one is a repeat by the slower line, or, after this long without a higher one, a new count. */
const BOOK_RESET_AFTER_US = 5_000_000;

const NONE: readonly never[] = [];

/** What the merge keeps of one symbol, for as long as there is one to be told of it. */
export interface MergedSymbol {
  readonly symbol: string;
  /** Since something of the symbol came, or was resumed. */
  series: Series | undefined;
  readonly klines: Map<string, Candles>;
  bookTicker: BookTicker | undefined;
  tickerTimestamp: number;
}

/** What was told of the candles of one interval. */
interface Candles {
  last: Kline;
  /** Up to this open time their ends were told. */
  closed: number;
}

interface Series {
  readonly trades: TradeSeries;
  readonly aggTrades: TradeSeries;
}

/**
 * Merges the lines of one venue: of what several lines carry the first arrival passes, trades come out in the order
 * of their ids, holes are named in place. The state survives the loss of a line.
 */
export class LineMerge {
  readonly #options: MergeOptions;
  readonly #symbols = new Map<string, MergedSymbol>();
  /** Symbols whose trades are subscribed, by line. */
  readonly #lines = new Map<number, Set<string>>();
  /** Series that hold trades back. */
  readonly #holding = new Set<TradeSeries>();
  /** Of these, those that something happened to since `newlyHeld` was asked. */
  #newlyHeld = new Set<TradeSeries>();
  /** Series in doubt, as was told: since when. */
  readonly #doubted = new Map<TradeSeries, number>();
  /** Of these something else is to be told. */
  readonly #redoubted = new Set<TradeSeries>();
  #duplicates = 0;

  constructor(options: MergeOptions) {
    this.#options = options;
  }

  /** Trades and other events that had come before by another line, or repeated themselves. */
  get duplicates(): number {
    let count = this.#duplicates;
    for (const { series } of this.#symbols.values())
      if (series !== undefined) count += series.trades.duplicates + series.aggTrades.duplicates;
    return count;
  }

  /** Series that hold trades back, or wait for the venue's last ones. */
  get holding(): ReadonlySet<TradeSeries> {
    return this.#holding;
  }

  /** Goes on where a former run ended. To be called before any data of the symbol. */
  resume(symbol: string, { trade, aggTrade }: Resumption): void {
    const series = this.#series(this.of(symbol));
    if (trade !== null) series.trades.resume(trade);
    if (aggTrade !== null) series.aggTrades.resume(aggTrade);
  }

  /** Takes `resume` back where nothing was published since: another venue has served the symbol meanwhile. */
  forget(symbol: string): MergedEvent[] {
    const known = this.#symbols.get(symbol)?.series;
    return known === undefined ? [] : this.#watched([known.trades, known.aggTrades], (series) => series.forget());
  }

  lineJoined(line: number): void {
    this.#lines.set(line, new Set());
    for (const trades of this.#trades()) trades.joined(line);
  }

  /** The venue has acknowledged a line's subscription of these symbols' trades. */
  lineSubscribed(line: number, symbols: readonly string[], now: number): MergedEvent[] {
    const subscribed = this.#lines.get(line);
    for (const symbol of symbols) subscribed?.add(symbol);
    const known = symbols.flatMap((symbol) => this.#symbols.get(symbol)?.series?.trades ?? []);
    return this.#watched(known, (series) => series.subscribed(line, now));
  }

  /** A symbol's subscriptions end on all lines, or on one: what is traded until the next ones may be missed. */
  unsubscribed(symbol: string, now: number, line?: number): MergedEvent[] {
    const lines = line === undefined ? [...this.#lines.keys()] : [line];
    for (const one of lines) this.#lines.get(one)?.delete(symbol);
    const known = this.#symbols.get(symbol)?.series;
    if (known === undefined) return [];
    return this.#watched([known.trades], (series) => lines.flatMap((line) => series.unsubscribed(line, now)));
  }

  lineLost(line: number, now: number): MergedEvent[] {
    this.#lines.delete(line);
    return this.#watched(this.#trades(), (series) => series.lost(line, now));
  }

  /** A line that was subscribed before `from` is let go takes its place. */
  lineHandedOver(from: number, to: number, now: number): MergedEvent[] {
    this.#lines.delete(from);
    const carried = this.#lines.get(to);
    // What the heir was refused ends with the former one.
    return this.#watched(this.#trades(), (series) =>
      carried?.has(series.symbol) === true ? series.handedOver(from, to, now) : series.lost(from, now),
    );
  }

  /** To be asked for once, and told each frame: nobody has to look for it. */
  of(symbol: string): MergedSymbol {
    let known = this.#symbols.get(symbol);
    if (known === undefined) {
      known = {
        symbol,
        series: undefined,
        klines: new Map(),
        bookTicker: undefined,
        tickerTimestamp: Number.NEGATIVE_INFINITY,
      };
      this.#symbols.set(symbol, known);
    }
    return known;
  }

  /** The events of one frame of a symbol as they pass on: the same array where nothing had to be changed. */
  data(of: MergedSymbol, line: number, events: readonly LineData[], now: number): readonly MergedEvent[] {
    let out: MergedEvent[] | undefined;
    for (let index = 0; index < events.length; index++) {
      const event = events[index] as LineData;
      const passes = this.#passes(of, line, event, now);
      if (passes === true) {
        out?.push(event);
        continue;
      }
      out ??= events.slice(0, index);
      if (passes !== false) for (const one of passes) pushTogether(out, one);
    }
    return out ?? events;
  }

  /** Series that hold trades back, and have held more or less since this was asked last. */
  newlyHeld(): Iterable<TradeSeries> {
    if (this.#newlyHeld.size === 0) return NONE;
    const held = this.#newlyHeld;
    this.#newlyHeld = new Set();
    return held;
  }

  /** Announces the holes of a series that have been waited for as long as another line may take. */
  tell(series: TradeSeries, now: number, otherLineMs: number): MergedEvent[] {
    return series.tell(now - otherLineMs);
  }

  /** Where trades may be missing now, or do no longer, since this was asked last. */
  tellDoubts(): readonly Doubt[] {
    if (this.#redoubted.size === 0) return NONE;
    const doubts: Doubt[] = [];
    for (const series of this.#redoubted) {
      const since = series.doubt?.since;
      if (since === this.#doubted.get(series)) continue;
      if (since === undefined) this.#doubted.delete(series);
      else this.#doubted.set(series, since);
      doubts.push(doubtOf(series));
    }
    this.#redoubted.clear();
    return doubts;
  }

  /** Where trades of a symbol may be missing now. */
  doubts(symbol: string): readonly Doubt[] {
    const known = this.#symbols.get(symbol)?.series;
    if (known === undefined) return NONE;
    return [known.trades, known.aggTrades].map(doubtOf).filter(({ before }) => before !== null);
  }

  /** Takes trades that were fetched for what is missing in a series. */
  fill(series: TradeSeries, fetched: Parameters<TradeSeries['fill']>[0]): MergedEvent[] {
    return this.#watched([series], () => series.fill(fetched));
  }

  /** Lets go what has waited for as long as it may; by default all of a series. */
  release(series: Iterable<TradeSeries>, openedBy?: number): MergedEvent[] {
    const released = [...series];
    const out = this.#watched(released, (one) => one.release(openedBy));
    for (const one of released) this.#newlyHeld.delete(one);
    return out;
  }

  #passes(state: MergedSymbol, line: number, event: LineData, now: number): boolean | MergedEvent[] {
    const { trades, aggTrades } = state.series ?? this.#series(state);
    switch (event.kind) {
      case 'trade':
      case 'agg_trade': {
        const series = event.kind === 'trade' ? trades : aggTrades;
        const passes = series.accept(line, event, now);
        if (passes !== true || (this.#doubted.size > 0 && this.#doubted.has(series))) this.#watch(series);
        return passes;
      }
      case 'ticker':
        if (event.timestamp <= state.tickerTimestamp) return this.#repeat();
        state.tickerTimestamp = event.timestamp;
        return true;
      case 'book_ticker':
        if (state.bookTicker !== undefined && !isNewerBook(event, state.bookTicker)) return this.#repeat();
        state.bookTicker = event;
        return true;
      case 'kline': {
        const candles = state.klines.get(event.interval);
        if (candles === undefined) {
          const closed = event.closed ? event.openTime : Number.NEGATIVE_INFINITY;
          state.klines.set(event.interval, { last: event, closed });
          return true;
        }
        const isNewer = isNewerKline(event, candles.last);
        // Another line may have told the next one first.
        const isEnd = event.closed && event.openTime > candles.closed;
        if (!isNewer && !isEnd) return this.#repeat();
        if (isNewer) candles.last = event;
        if (isEnd) candles.closed = event.openTime;
        return true;
      }
    }
  }

  #repeat(): false {
    this.#duplicates++;
    return false;
  }

  #trades(): TradeSeries[] {
    return [...this.#symbols.values()].flatMap(({ series }) => series?.trades ?? []);
  }

  #watched(all: readonly TradeSeries[], tell: (series: TradeSeries) => MergedEvent[]): MergedEvent[] {
    return all.flatMap((series) => {
      const out = tell(series);
      this.#watch(series);
      return out;
    });
  }

  #watch(series: TradeSeries): void {
    if (series.heldSince === undefined) {
      this.#holding.delete(series);
      this.#newlyHeld.delete(series);
    } else {
      this.#holding.add(series);
      this.#newlyHeld.add(series);
    }
    if (series.doubt?.since !== this.#doubted.get(series)) this.#redoubted.add(series);
  }

  #series(of: MergedSymbol): Series {
    if (of.series !== undefined) return of.series;
    const { symbol } = of;
    const { contiguousTradeIds: contiguous, recentTrades: recent } = this.#options;
    const trades = new TradeSeries({ symbol, kind: 'trade', contiguous, recent });
    const aggTrades = new TradeSeries({ symbol, kind: 'agg_trade', contiguous: true, recent });
    for (const [line, subscribed] of this.#lines) {
      trades.joined(line);
      if (subscribed.has(symbol)) trades.subscribed(line, 0);
    }
    of.series = { trades, aggTrades };
    return of.series;
  }
}

/** Trades of one frame that came too late for the same place are one hole: told apart, their gaps would be the same event. */
function pushTogether(out: MergedEvent[], event: MergedEvent): void {
  const last = out.at(-1);
  if (event.kind === 'hole' && last?.kind === 'hole') {
    const { before, after, missing, filled } = last.hole;
    const more = event.hole;
    const isSame = before.id === more.before.id && after.tradeId === more.after.tradeId;
    if (isSame && missing !== null && more.missing !== null) {
      const hole = { before, after, missing: missing + more.missing, filled: filled + more.filled };
      out[out.length - 1] = { ...last, hole };
      return;
    }
  }
  out.push(event);
}

function doubtOf({ symbol, kind, doubt, heldSince }: TradeSeries): Doubt {
  return { kind: 'doubt', symbol, of: kind, before: doubt?.before ?? null, waits: heldSince !== undefined };
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
