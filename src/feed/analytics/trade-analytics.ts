import type { Gap, LargeTrade, TradeStats } from '../../domain/record.ts';
import { isBlockTrade } from '../../market/trades/block-trade.ts';
import type { LargeTradesOptions } from '../../market/trades/large-trades.ts';
import type { SequencedTrade } from '../arbitration/merged-event.ts';
import { AnalyticsSeries, type Heard, type Turn } from './analytics-series.ts';
import { OpenWindows, type OpenWindowsOptions } from './open-windows.ts';
import type { OpenHole } from './trade-coverage.ts';

export interface TradeAnalyticsOptions extends OpenWindowsOptions {
  /** Trades that the mean quantity is taken of, at most. */
  readonly historyTrades: number;
  /** How many times the mean quantity a large trade has at least. */
  readonly largeTradeThreshold: number;
}

/** What a former run published of the venue's turn that a key had at its end. */
export interface FormerTrades {
  readonly venue: string;
  readonly epoch: number;
  /** The last ones, in the order of their publishing: back to the oldest window that may be open, and as many as the history has. */
  readonly trades: readonly SequencedTrade[];
  /** The windows that end up to there were told, whether or not they are here, milliseconds. */
  readonly toldTo: number;
  /** The others of each length that were told, by start; those of a minute further back, as volatility is taken of them. */
  readonly windows: readonly Pick<TradeStats, 'windowMs' | 'windowStart' | 'windowEnd' | 'close'>[];
  /** Those that reach into the time of the trades; of other epochs they do not matter. */
  readonly gaps: readonly Pick<Gap, 'epoch' | 'outcome' | 'fromTime' | 'toTime'>[];
}

/** Such a turn, ready to be gone on with. */
interface Rebuilt {
  readonly series: AnalyticsSeries;
  /** Timestamp of its last trade, milliseconds. */
  readonly lastTime: number;
}

/** The turn at a key, for as long as there is one to be told of it. */
export interface KeyTurn {
  series: AnalyticsSeries | undefined;
}

/** A hole in the trades of a key that has no outcome yet. */
export interface WaitedHole {
  /** The first trade behind it, or what stands for that where none is known. */
  readonly toId: string;
  /** Timestamp of the last one before it, milliseconds. */
  readonly fromTime: number;
  /** Nothing came behind it: it is waited for no longer than until silence closes windows. */
  readonly endsBySilence?: boolean;
}

/** What volatility is taken of. */
const CANDLE_MS = 60_000;
/** Repair holds a symbol's windows open for this long at the most. */
const HOLD_MS = 10_000;
/** Trades before a large one, at least. */
const LEAST_TRADES = 100;
/** The hole that every series begins with: nothing of it is known until its first trade. */
const BEGINNING = '';
const NONE: readonly never[] = [];

/**
 * Makes statistics by window, and large trades, out of the published trades. `key` tells what is served apart; `now` is
 * the scheduler's time, milliseconds.
 *
 * Windows are tumbling, per venue, symbol and epoch, on the trade's timestamp. One closes when that venue's event time
 * passes its end + `allowedLatenessMs`, or after `allowedLatenessMs` + `idleAfterMs` of time without data, or at once
 * when the epoch ends, as incomplete. A symbol under gap repair holds its windows up to 10 s. A trade later than that is
 * counted, never merged.
 *
 * A symbol that begins holds its windows, too, until its first trades are there: what a venue that takes over had kept,
 * and what a start has to fetch, is older than what its other symbols have told by then. What waits for the end of such
 * a burst of trades, or of a repair, ends with the next `idle`, which never comes in its middle.
 */
export class TradeAnalytics {
  readonly #windows: OpenWindows;
  readonly #largeTrades: LargeTradesOptions;
  /** Silence of a venue that closes windows. */
  readonly #silenceMs: number;
  readonly #keys = new Map<string, KeyTurn>();
  readonly #heard = new Map<string, Heard>();
  /** What former runs left, until their keys begin. */
  readonly #former = new Map<string, Rebuilt>();
  /** The last turn of each key that is served no longer. */
  readonly #left = new Map<string, AnalyticsSeries>();
  /** Series whose windows are held open. */
  readonly #held = new Set<AnalyticsSeries>();
  /** None of them can be let go before. */
  #settleAt = Number.POSITIVE_INFINITY;
  #blocks = 0;

  constructor(options: TradeAnalyticsOptions) {
    const { historyTrades, largeTradeThreshold, allowedLatenessMs, idleAfterMs } = options;
    this.#silenceMs = allowedLatenessMs + idleAfterMs;
    const least = Math.min(LEAST_TRADES, historyTrades);
    this.#largeTrades = { threshold: largeTradeThreshold, most: historyTrades, least };
    this.#windows = new OpenWindows(options);
  }

  /** Trades that were left out: blocks, and those that came after a window of theirs had closed. */
  get counts(): { readonly blocks: number; readonly late: number } {
    return { blocks: this.#blocks, late: this.#windows.late };
  }

  /**
   * What a former run left of a key, to be told before that begins. Where it goes on in the same epoch its open windows
   * are filled on, and each is told once. Of an epoch that ended while nobody ran nothing more is told.
   */
  restore(key: string, former: FormerTrades, now: number): void {
    const { venue, epoch, trades, windows, gaps } = former;
    const series = this.#newSeries(key, { venue, epoch, at: Number.POSITIVE_INFINITY });
    this.#windows.begin(series, (windowMs) => lastEnd(former, windowMs));
    if (trades[0] !== undefined) series.coverage.begin(trades[0]);
    for (const gap of gaps) remember(series, gap);
    const from = trades[0]?.timestamp ?? Number.POSITIVE_INFINITY;
    for (const { windowMs, windowEnd, close } of windows)
      if (windowMs === CANDLE_MS && windowEnd <= from) series.volatility.add(close, windowEnd - 1);
    for (const trade of trades) {
      if (isBlockTrade(trade)) continue;
      series.volatility.add(trade.price, trade.timestamp);
      series.large.next(trade);
      // Nothing closes: the windows of the series are held.
      this.#windows.add(series, trade, now);
    }
    this.#former.set(key, { series, lastTime: lastTime(trades) });
  }

  /** To be asked for once, and told each trade: nobody has to look for it. */
  of(key: string): KeyTurn {
    let known = this.#keys.get(key);
    if (known === undefined) {
      known = { series: undefined };
      this.#keys.set(key, known);
    }
    return known;
  }

  /**
   * A venue serves a key from now on. What comes out, of an epoch that ends thereby (see `ended`), is to be written
   * before the first record of the new one.
   */
  began(key: string, turn: Turn, now: number): readonly TradeStats[] {
    const closed = this.ended(key);
    const former = this.#former.get(key);
    this.#former.delete(key);
    if (former?.series.venue === turn.venue && former.series.epoch === turn.epoch) {
      former.series.at = turn.at;
      this.#begin(key, former.series, former.lastTime, now);
      return closed;
    }
    const last = this.#left.get(key);
    this.#left.delete(key);
    const left = last?.venue === turn.venue && last.epoch === turn.epoch ? last : undefined;
    const series = this.#newSeries(key, turn, left);
    this.#windows.begin(series, (windowMs) => endOf(windowMs, series.toldTo));
    this.#begin(key, series, Number.POSITIVE_INFINITY, now);
    return former === undefined ? closed : [...closed, ...this.#windows.drop(former.series)];
  }

  /** A key is served no longer, or by another from now on: its open windows, as incomplete. */
  ended(key: string): readonly TradeStats[] {
    const turn = this.of(key);
    const { series } = turn;
    if (series === undefined) return NONE;
    turn.series = undefined;
    this.#left.set(key, series);
    return [...this.#letGo(series), ...this.#windows.cut(series)];
  }

  /** Takes a published trade of a key that has begun. The windows that it closes, of any key of its venue, and itself if it is large. */
  trade({ series }: KeyTurn, trade: SequencedTrade, now: number): readonly (TradeStats | LargeTrade)[] {
    if (series === undefined) return NONE;
    if (!series.hasTraded) this.#first(series, trade);
    if (isBlockTrade(trade)) {
      this.#blocks++;
      return NONE;
    }
    series.heard.at = now;
    series.volatility.add(trade.price, trade.timestamp);
    const large = series.large.next(trade);
    const closed = this.#windows.add(series, trade, now);
    return large === undefined ? closed : [...closed, { ...trade, kind: 'large_trade', ...large }];
  }

  /** A gap was published, whatever its outcome, before or after the trades around it. */
  gap(key: string, gap: Gap): void {
    const { series } = this.of(key);
    if (series !== undefined) remember(series, gap);
  }

  /** A hole is waited for: the key's windows stay open until it is released, 10 s at the most. */
  hold(key: string, { toId, fromTime, endsBySilence = false }: WaitedHole, now: number): void {
    const { series } = this.of(key);
    if (series === undefined) return;
    this.#windows.hold(series);
    this.#wait(series, toId, { from: fromTime, until: now + HOLD_MS, endsBySilence });
  }

  /** A hole has its outcome, whichever, and the trades behind it are about to come. */
  release(key: string, toId: string): void {
    const { series } = this.of(key);
    if (series !== undefined) this.#resolve(series, toId);
  }

  /** The windows that `now` closes: by silence, or since they are held no longer. Never to be called while a burst of trades comes. */
  idle(now: number): readonly TradeStats[] {
    const released = now >= this.#settleAt ? this.#settle(now) : NONE;
    return [...released, ...this.#windows.idle(now)];
  }

  /** When `idle` has something to do if nothing comes: may be in the past, -Infinity for at once; undefined: never. Any call may bring it forward. */
  nextIdleAt(): number | undefined {
    const next = Math.min(this.#settleAt, this.#windows.nextIdleAt());
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  #newSeries(key: string, turn: Turn, left?: AnalyticsSeries): AnalyticsSeries {
    let heard = this.#heard.get(turn.venue);
    if (heard === undefined) {
      heard = { since: Number.POSITIVE_INFINITY, at: Number.POSITIVE_INFINITY };
      this.#heard.set(turn.venue, heard);
    }
    return new AnalyticsSeries(key, turn, heard, this.#largeTrades, left);
  }

  /** Nothing behind `from` is known until the first trade, which ends the hold as well. */
  #begin(key: string, series: AnalyticsSeries, from: number, now: number): void {
    this.of(key).series = series;
    this.#wait(series, BEGINNING, { from, until: now + HOLD_MS });
  }

  #first(series: AnalyticsSeries, trade: SequencedTrade): void {
    series.hasTraded = true;
    const { heard } = series;
    if (heard.since === Number.POSITIVE_INFINITY) heard.since = trade.receivedAt / 1000;
    series.coverage.begin(trade, Math.max(series.at, heard.since));
    this.#resolve(series, BEGINNING);
  }

  #wait(series: AnalyticsSeries, hole: string, open: OpenHole): void {
    series.coverage.open(hole, open);
    this.#held.add(series);
    this.#settleAt = Math.min(this.#settleAt, this.#heldUntil(series));
  }

  #heldUntil({ coverage, heard }: AnalyticsSeries): number {
    return coverage.heldUntil(heard.at + this.#silenceMs);
  }

  #resolve(series: AnalyticsSeries, hole: string): void {
    series.coverage.close(hole);
    if (this.#held.has(series)) this.#settleAt = Math.min(this.#settleAt, this.#heldUntil(series));
  }

  #settle(now: number): readonly TradeStats[] {
    const closed: TradeStats[] = [];
    this.#settleAt = Number.POSITIVE_INFINITY;
    for (const series of this.#held) {
      const until = this.#heldUntil(series);
      if (until > now) this.#settleAt = Math.min(this.#settleAt, until);
      else closed.push(...this.#letGo(series));
    }
    return closed;
  }

  #letGo(series: AnalyticsSeries): readonly TradeStats[] {
    this.#held.delete(series);
    return this.#windows.release(series);
  }
}

function remember({ coverage, epoch }: AnalyticsSeries, gap: FormerTrades['gaps'][number]): void {
  if (gap.epoch === epoch && gap.outcome !== 'repaired') coverage.gap(gap);
}

/** Where the window of a length ends that a moment lies in. */
function endOf(windowMs: number, time: number): number {
  return (Math.floor(time / windowMs) + 1) * windowMs;
}

/** Where the windows of a length end that were published. */
function lastEnd({ windows, toldTo }: FormerTrades, windowMs: number): number {
  let end = toldTo;
  for (const window of windows) if (window.windowMs === windowMs) end = Math.max(end, window.windowStart + windowMs);
  return end;
}

function lastTime(trades: readonly SequencedTrade[]): number {
  let time = Number.NEGATIVE_INFINITY;
  for (const { timestamp } of trades) time = Math.max(time, timestamp);
  return time;
}
