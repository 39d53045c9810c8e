import type { Observer, SchedulerLike, Subscriber } from 'rxjs';
import { getOrCreate } from '../../domain/get-or-create.ts';
import type { Gap, LargeTrade } from '../../domain/record.ts';
import { isBlockTrade } from '../../market/trades/block-trade.ts';
import { LargeTrades } from '../../market/trades/large-trades.ts';
import { type Alarm, createAlarm } from '../../operators/alarm.ts';
import type { WindowControl } from '../../operators/window-stats.ts';
import type { SequencedTrade } from '../arbitration/merged-event.ts';
import type { TradeStatsOptions } from '../feed-options.ts';
import {
  type EpochBegin,
  lastEnd,
  lastTime,
  type PreviousTrades,
  StatsEpoch,
  type VenueTimes,
  windowEnd,
} from './stats-epoch.ts';
import type { PendingGap } from './trade-coverage.ts';

// Decides which epoch a trade counts in, and how long its windows are held open for missing trades.

export interface CountedTrade {
  readonly epoch: StatsEpoch;
  readonly trade: SequencedTrade;
}

export interface EpochsOptions {
  readonly stats: TradeStatsOptions;
  /** Receives the commands to hold, release and cut windows, in order with the trades. */
  readonly control$: Pick<Observer<WindowControl>, 'next'>;
  readonly onLarge: (trade: LargeTrade) => void;
  readonly scheduler: SchedulerLike;
}

const CANDLE_MS = 60_000;
/** The longest time that a pending gap holds a symbol's windows open, milliseconds. */
const HOLD_MS = 10_000;
/** Minimum number of trades in the history before a trade can be large. */
const MIN_TRADES = 100;
/** The id of the gap at the start of every epoch, until its first trade. */
const BEGINNING = '';

/** The epochs whose trades are counted now, one for each symbol. */
export class Epochs {
  previous = new Map<string, PreviousTrades>();
  readonly #out: Subscriber<CountedTrade>;
  readonly #options: EpochsOptions;
  readonly #onBegin: (epoch: StatsEpoch) => void;
  readonly #alarm: Alarm;
  readonly #epochs = new Map<string, StatsEpoch>();
  /** The last epoch of each symbol that is not followed now. */
  readonly #left = new Map<string, StatsEpoch>();
  readonly #times = new Map<string, VenueTimes>();
  /** Epochs whose windows are held open. */
  readonly #held = new Set<StatsEpoch>();
  #settleAt = Number.POSITIVE_INFINITY;

  constructor(out: Subscriber<CountedTrade>, options: EpochsOptions, onBegin: (epoch: StatsEpoch) => void) {
    this.#out = out;
    this.#options = options;
    this.#onBegin = onBegin;
    this.#alarm = createAlarm(out, options.scheduler, () => this.#settle());
  }

  /** Begins an epoch: a venue serves a symbol from now on. The previous epoch's windows are published first. */
  begin(begin: EpochBegin): void {
    const { symbol, venue } = begin;
    this.end(symbol);
    const previous = removeEpoch(this.previous, begin);
    const left = removeEpoch(this.#left, begin);
    const epoch = new StatsEpoch(begin, this.#timesOf(venue), left?.large ?? this.#newLarge(), left);
    const closedEnd = (windowMs: number): number =>
      previous === undefined ? windowEnd(windowMs, epoch.publishedTo) : lastEnd(previous, windowMs);
    this.#options.control$.next({ kind: 'hold', key: epoch.id, clock: venue, closedEnd });
    if (previous !== undefined) this.#restore(epoch, previous);
    this.#epochs.set(symbol, epoch);
    this.#wait(epoch, BEGINNING, { from: lastTime(previous), endsWithoutData: false });
    this.#onBegin(epoch);
  }

  isOpen(epoch: StatsEpoch): boolean {
    return this.#epochs.get(epoch.symbol) === epoch;
  }

  /** Ends a symbol's epoch and closes its open windows as incomplete. */
  end(symbol: string): void {
    const epoch = this.#epochs.get(symbol);
    if (epoch === undefined) return;
    this.#epochs.delete(symbol);
    this.#left.set(symbol, epoch);
    this.#releaseWindows(epoch);
    this.#options.control$.next({ kind: 'cut', key: epoch.id, clock: epoch.venue });
  }

  trade(symbol: string, trade: SequencedTrade): void {
    const epoch = this.#epochs.get(symbol);
    if (epoch === undefined) return;
    if (!epoch.hasTraded) this.#onFirst(epoch, trade);
    if (!isBlockTrade(trade)) {
      epoch.times.lastAt = this.#options.scheduler.now();
      this.#count(epoch, trade);
    }
  }

  /** Keeps the symbol's windows open until the gap is released, at most 10 s. */
  hold(symbol: string, gap: string, pending: Omit<PendingGap, 'until'>): void {
    const epoch = this.#epochs.get(symbol);
    if (epoch === undefined) return;
    this.#options.control$.next({ kind: 'hold', key: epoch.id, clock: epoch.venue });
    this.#wait(epoch, gap, pending);
  }

  /** Ends the hold for a gap, whose outcome is known now. The trades after the gap follow. */
  release(symbol: string, gap: string, outcome?: Gap): void {
    const epoch = this.#epochs.get(symbol);
    if (outcome !== undefined) epoch?.addGap(outcome);
    if (epoch !== undefined) this.#close(epoch, gap);
  }

  /** Fills the windows that a previous run left open. */
  #restore(epoch: StatsEpoch, { trades, windows, gaps }: PreviousTrades): void {
    const [first] = trades;
    if (first !== undefined) epoch.coverage.begin(first);
    for (const gap of gaps) epoch.addGap(gap);
    const from = first?.timestamp ?? Number.POSITIVE_INFINITY;
    for (const { windowMs, windowEnd, close } of windows)
      if (windowMs === CANDLE_MS && windowEnd <= from) epoch.volatility.add(close, windowEnd - 1);
    for (const trade of trades) if (!isBlockTrade(trade)) this.#count(epoch, trade);
  }

  #count(epoch: StatsEpoch, trade: SequencedTrade): void {
    epoch.origin ??= trade;
    epoch.volatility.add(trade.price, trade.timestamp);
    const large = epoch.large.next(trade);
    if (large !== undefined && epoch.hasTraded) this.#options.onLarge({ ...trade, kind: 'large_trade', ...large });
    this.#out.next({ epoch, trade });
  }

  #newLarge(): LargeTrades {
    const { historyTrades: most, largeTradeThreshold: threshold } = this.#options.stats;
    return new LargeTrades({ threshold, most, least: Math.min(MIN_TRADES, most) });
  }

  #onFirst(epoch: StatsEpoch, trade: SequencedTrade): void {
    epoch.hasTraded = true;
    const { times, coverage, at } = epoch;
    times.firstAt = Math.min(times.firstAt, trade.receivedAt / 1000);
    coverage.begin(trade, Math.max(at, times.firstAt));
    this.#close(epoch, BEGINNING);
  }

  #timesOf(venue: string): VenueTimes {
    const never = Number.POSITIVE_INFINITY;
    return getOrCreate(this.#times, venue, () => ({ firstAt: never, lastAt: never }));
  }

  #wait(epoch: StatsEpoch, gap: string, pending: Omit<PendingGap, 'until'>): void {
    epoch.coverage.open(gap, { ...pending, until: this.#options.scheduler.now() + HOLD_MS });
    this.#held.add(epoch);
    this.#settleBy(this.#heldUntil(epoch));
  }

  #close(epoch: StatsEpoch, gap: string): void {
    epoch.coverage.close(gap);
    if (this.#held.has(epoch)) this.#settleBy(this.#heldUntil(epoch));
  }

  #heldUntil({ coverage, times }: StatsEpoch): number {
    const { allowedLatenessMs, idleAfterMs } = this.#options.stats;
    return coverage.heldUntil(times.lastAt + allowedLatenessMs + idleAfterMs);
  }

  #settleBy(at: number): void {
    if (at >= this.#settleAt) return;
    this.#settleAt = at;
    this.#alarm.set(Math.max(0, at - this.#options.scheduler.now()));
  }

  #settle(): void {
    this.#settleAt = Number.POSITIVE_INFINITY;
    const now = this.#options.scheduler.now();
    for (const epoch of this.#held) {
      const until = this.#heldUntil(epoch);
      if (until > now) this.#settleBy(until);
      else this.#releaseWindows(epoch);
    }
  }

  #releaseWindows(epoch: StatsEpoch): void {
    if (this.#held.delete(epoch)) this.#options.control$.next({ kind: 'release', key: epoch.id, clock: epoch.venue });
  }
}

/** Removes the symbol's entry. Returns it if it belongs to this epoch. */
function removeEpoch<T extends Pick<EpochBegin, 'venue' | 'epoch'>>(
  known: Map<string, T>,
  { symbol, venue, epoch }: EpochBegin,
): T | undefined {
  const one = known.get(symbol);
  known.delete(symbol);
  return one?.venue === venue && one.epoch === epoch ? one : undefined;
}
