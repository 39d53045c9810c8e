import type { TradeStats } from '../domain/record.ts';
import type { AnyTrade } from '../domain/trade-id.ts';
import { isBlockTrade } from '../market/trades/block-trade.ts';
import type { TradeFigures } from '../market/trades/trade-figures.ts';
import { TradeSums } from '../market/trades/trade-sums.ts';
import { SETTLES_MS, type SeriesScope, type TradeCheck } from './audit-scope.ts';
import { EventBins } from './event-bins.ts';
import type { GapSpans } from './gap-spans.ts';
import type { RecordSpan, SortedRecords } from './record-store.ts';
import { Revisions } from './revisions.ts';

/** Sorts windows of one length by start and revision. */
export function compareWindows(a: TradeStats, b: TradeStats): number {
  return a.windowStart - b.windowStart || a.revision - b.revision;
}

/** A window stays open at least so long after its end, unless `stats.allowed_lateness_ms` is less. Milliseconds. */
const OPEN_MS = 400;
/** Windows that end so shortly before the last trade of an epoch stay incomplete, milliseconds. */
const EPOCH_END_MS = 10_000;
/** The trades of a window that may have arrived after it closed, at most. */
const MOST_UNCOUNTED = 64;

const FIGURES = [
  'trades',
  'buyTrades',
  'sellTrades',
  'volume',
  'buyVolume',
  'sellVolume',
  'value',
  'buyValue',
  'sellValue',
  'vwap',
  'open',
  'high',
  'low',
  'close',
  'averageQuantity',
  'buyRatioVolume',
  'buyRatioCount',
  'flow',
] as const satisfies readonly (keyof TradeFigures)[];

/** The figures of the first trades of a window, up to one that arrived at `receivedAt`. */
interface FirstTrades {
  readonly receivedAt: number;
  readonly figures: TradeFigures | undefined;
}

interface Window {
  readonly sums: TradeSums;
  /** Of the trades that arrived when the window may have closed already. */
  readonly before: FirstTrades[];
  /** When its last trade arrived, microseconds since 1970. */
  receivedAt: number;
  /** False: all its trades are late ones, so its first record comes late. */
  hasPublished: boolean;
  /** When its last late trade arrived, milliseconds since 1970. */
  lateAt: number;
}

export interface WindowInput {
  readonly windowMs: number;
  readonly windows: SortedRecords<TradeStats>;
  readonly gaps: GapSpans;
  /** Starts of the first and the last published window of this length, over all series. */
  readonly published: RecordSpan;
}

/** Compares the last record of each window of one length with the window's trades and late trades. */
export class WindowCheck implements TradeCheck {
  readonly #scope: SeriesScope;
  readonly #input: WindowInput;
  readonly #bins: EventBins<Window>;
  readonly #revisions: Revisions<TradeStats>;
  /** The least time from a trade at the venue to its arrival, by both clocks. Milliseconds. */
  #leastLagMs = Number.POSITIVE_INFINITY;
  #firstTime = Number.POSITIVE_INFINITY;
  #lastTime = Number.NEGATIVE_INFINITY;
  #knownTo = Number.POSITIVE_INFINITY;
  #hasEnded = false;

  constructor(scope: SeriesScope, input: WindowInput) {
    this.#scope = scope;
    this.#input = input;
    this.#revisions = new Revisions(({ windowStart }, text) => this.#differ(windowStart, text));
    this.#bins = new EventBins(
      input.windowMs,
      (): Window => ({ sums: new TradeSums(), before: [], receivedAt: 0, hasPublished: false, lateAt: 0 }),
      (start, window) => this.#close(start, window),
    );
  }

  add(trade: AnyTrade, latePosition: number | undefined): void {
    const { timestamp } = trade;
    this.#firstTime = Math.min(this.#firstTime, timestamp);
    this.#lastTime = Math.max(this.#lastTime, timestamp);
    if (isBlockTrade(trade)) return;
    const window = this.#bins.at(timestamp);
    this.#leastLagMs = Math.min(this.#leastLagMs, trade.receivedAt / 1000 - timestamp);
    const end = (Math.floor(timestamp / this.#input.windowMs) + 1) * this.#input.windowMs;
    const mayBeUncounted = latePosition === undefined && trade.receivedAt / 1000 > end + this.#leastLagMs + OPEN_MS;
    if (mayBeUncounted && window.before.length < MOST_UNCOUNTED)
      window.before.push({ receivedAt: window.receivedAt, figures: window.sums.figures() });
    window.sums.add(trade);
    window.receivedAt = trade.receivedAt;
    if (latePosition === undefined) window.hasPublished = true;
    else window.lateAt = Math.max(window.lateAt, trade.receivedAt / 1000);
  }

  end(knownTo: number): void {
    this.#knownTo = knownTo;
    this.#hasEnded = true;
    this.#bins.end();
    this.#compareBefore(Number.POSITIVE_INFINITY);
  }

  #close(start: number, { sums, before, hasPublished, lateAt }: Window): void {
    this.#compareBefore(start);
    const figures = sums.figures();
    if (figures === undefined || start + this.#input.windowMs > this.#knownTo) return;
    const windows = this.#input.windows.nextWhile(({ windowStart }) => windowStart === start);
    const isAtStop = this.#scope.stops.touches(start, start + this.#input.windowMs);
    const latest = this.#revisions.latest(windows, !hasPublished || isAtStop);
    if (lateAt > this.#scope.healedTo) return;
    const isUncounted = before[0]?.receivedAt === 0;
    if (latest !== undefined) this.#compare(latest, figures, before);
    else if (this.#isDue(start) && !isUncounted) this.#differ(start, 'the window has trades, but no record');
  }

  /** Reports the windows without trades that start before a time. */
  #compareBefore(start: number): void {
    const { windows, windowMs } = this.#input;
    for (let next = windows.peek(); next !== undefined && next.record.windowStart < start; next = windows.peek()) {
      windows.next();
      const { windowStart } = next.record;
      if (windowStart + windowMs <= this.#knownTo)
        this.#differ(windowStart, 'the window has a record, but no trade is there');
    }
  }

  #isDue(start: number): boolean {
    const { published, windowMs } = this.#input;
    const end = start + windowMs;
    return start >= published.first && start <= published.last - SETTLES_MS && !this.#scope.stops.touches(start, end);
  }

  #compare(window: TradeStats, figures: TradeFigures, before: readonly FirstTrades[]): void {
    const { windowStart: start, windowEnd: end, complete, revision } = window;
    if (end !== start + this.#input.windowMs) this.#differ(start, `window_end is ${end}`);
    if (!complete && revision > 0) this.#differ(start, `revision ${revision} is not complete`);
    if (!complete) {
      if (this.#isHealed(start)) this.#differ(start, 'its gap is healed, but no complete record follows');
      return;
    }
    // A trade that arrives after its window has closed is not counted. The record says when its last trade arrived.
    const isCounted = before.some(
      (first) =>
        first.receivedAt === window.receivedAt && FIGURES.every((name) => first.figures?.[name] === window[name]),
    );
    if (isCounted && revision === 0) return;
    for (const name of FIGURES) {
      if (window[name] !== figures[name])
        this.#differ(start, `${name} is ${window[name]}, but that of the trades is ${figures[name]}`);
    }
  }

  /** Returns true if only a healed gap made the window incomplete, and not an end of the epoch or a stop. */
  #isHealed(start: number): boolean {
    const end = start + this.#input.windowMs;
    const isAtEnd = start <= this.#firstTime || (this.#hasEnded && end > this.#lastTime - EPOCH_END_MS);
    return !isAtEnd && this.#input.gaps.isHealed(start, end) && !this.#scope.stops.touches(start, end);
  }

  #differ(start: number, text: string): void {
    this.#scope.differ('trade-stats', start, `window of ${this.#input.windowMs} ms at ${timeOf(start)}: ${text}`);
  }
}

const timeOf = (ms: number): string => new Date(ms).toISOString().slice(11, 23);
