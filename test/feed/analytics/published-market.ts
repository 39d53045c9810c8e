import type { Gap, LargeTrade, TradeEvent, TradeStats } from '../../../src/domain/record.ts';
import type { PreviousTrades } from '../../../src/feed/analytics/stats-epoch.ts';
import { gapRecord, tradeEvent } from '../../../testing/judges/events.ts';
import { type StatsRecord, StatsStages } from './stats-stages.ts';

/* Turns steps into input for `publishStats`, and keeps the truth to compare its output with. */

export const LATENESS_MS = 2000;
export const IDLE_MS = 5000;
const HOLD_MS = 10_000;
/** Time after which a repair is given up: shortly after the windows no longer wait for it. */
const GIVEN_UP_MS = HOLD_MS + 50;
const RING_MS = 10_000;
/**
 * Windows that ended this long before the last published trade of a symbol are closed: nothing holds them open any
 * more.
 */
const OPEN_MS = LATENESS_MS + IDLE_MS + HOLD_MS;
/** Interval at which the time of a venue is checked. */
const LOOK_MS = 100;
/** Time between a lost trade and the next one. */
const NOTICED_MS = 300;
const VENUES = ['binance', 'bybit'] as const;

/** A step of a `PublishedMarket`. `symbol` is the number of a symbol. */
export type Step =
  /** Both venues trade the symbol, `afterMs` after the previous step. The trade arrives `delayMs` late. */
  | { readonly kind: 'trade'; readonly symbol: number; readonly afterMs: number; readonly delayMs: number }
  /** A trade of the symbol is lost. The next trade shows the loss after `NOTICED_MS`. */
  | { readonly kind: 'lose'; readonly symbol: number }
  /** The missing trades of the symbol are fetched, or cannot be. */
  | { readonly kind: 'resolve'; readonly symbol: number; readonly fetched: boolean }
  | { readonly kind: 'silence'; readonly ms: number }
  | { readonly kind: 'switch'; readonly ringMs: number }
  /** A new process reads what was published. It misses the trades of the `afterMs` before its start. */
  | { readonly kind: 'restart'; readonly afterMs: number };

interface PublishedWindow {
  readonly record: TradeStats;
  /**
   * The venue's event time when the window was published. It advances with trades, and by the clock while none come.
   */
  readonly reached: number;
}

/** A span of event time in which windows may be incomplete, milliseconds. */
interface Reason {
  readonly symbol: string;
  readonly from: number;
  readonly to: number;
}

interface Symbol {
  readonly key: string;
  last: TradeEvent | undefined;
  /**
   * When the last trade was published. No trade after a gap is published until the gap is resolved, even across
   * restarts.
   */
  publishedAt: number;
  /** The lost trades, which are not published; `waiting` has the trades after them, which are not published yet. */
  missing: TradeEvent[];
  waiting: TradeEvent[];
  gapSince: number;
  /** Start of the current epoch; undefined once the epoch has a trade. */
  begunAt: number | undefined;
}

/** Two venues, some symbols, and a feed that publishes their trades with losses, repairs, switches and restarts. */
export class PublishedMarket {
  readonly windows: PublishedWindow[] = [];
  readonly large: LargeTrade[] = [];
  /** All trades, by venue and symbol. */
  readonly truth = new Map<string, TradeEvent[]>();
  readonly published: TradeEvent[] = [];
  readonly gaps: Gap[] = [];
  readonly reasons: Reason[] = [];
  late = 0;
  readonly #windowsMs: readonly number[];
  readonly #history: number;
  readonly #symbols: Symbol[];
  readonly #eventTimes = new Map<string, number>();
  readonly #dataAt = new Map<string, number>();
  readonly #furthest = new Map<string, number>();
  #stages: StatsStages;
  #now = 1_000_000;
  #active = 0;
  #epoch = 0;
  #id = 0;

  constructor(windowsMs: readonly number[], symbols: number, history: number) {
    this.#windowsMs = windowsMs;
    this.#history = history;
    this.#symbols = Array.from({ length: symbols }, (_, number) => ({
      key: `S${number}`,
      last: undefined,
      publishedAt: this.#now,
      missing: [],
      waiting: [],
      gapSince: 0,
      begunAt: undefined,
    }));
    this.#stages = this.#newStages([]);
    this.#begin(0);
  }

  step(step: Step): void {
    switch (step.kind) {
      case 'trade':
        this.#advance(step.afterMs);
        this.#trade(this.#symbolOf(step.symbol), step.delayMs, true);
        return;
      case 'lose':
        // A loss before the first trade of an epoch cannot be noticed, so the trade is published.
        this.#trade(this.#symbolOf(step.symbol), 0, this.#symbolOf(step.symbol).last === undefined);
        this.#advance(NOTICED_MS);
        this.#trade(this.#symbolOf(step.symbol), 0, true);
        return;
      case 'resolve':
        this.#resolve(this.#symbolOf(step.symbol), step.fetched);
        return;
      case 'silence':
        this.#advance(step.ms);
        return;
      case 'switch':
        this.#active = 1 - this.#active;
        this.#begin(step.ringMs);
        return;
      case 'restart':
        this.#restart(step.afterMs);
    }
  }

  /** Gives all open windows the time to close. */
  finish(): void {
    for (const symbol of this.#symbols) this.#resolve(symbol, false);
    this.#advance(120_000);
    this.late += this.#stages.watch.uncounted().late;
  }

  #symbolOf(number: number): Symbol {
    return this.#symbols[number % this.#symbols.length] as Symbol;
  }

  #newStages(recent: readonly PreviousTrades[]): StatsStages {
    const options = {
      windowsMs: this.#windowsMs,
      allowedLatenessMs: LATENESS_MS,
      idleAfterMs: IDLE_MS,
      historyTrades: 1000,
      largeTradeThreshold: 3,
    };
    return new StatsStages(options, (record) => this.#report(record), this.#now, recent);
  }

  get #venue(): string {
    return VENUES[this.#active] as string;
  }

  #advance(ms: number): void {
    const to = this.#now + ms;
    while (this.#now < to) {
      const givenUp = this.#symbols
        .filter(({ waiting }) => waiting.length > 0)
        .map(({ gapSince }) => gapSince + GIVEN_UP_MS);
      const next = Math.max(this.#now, Math.min(this.#now + LOOK_MS, to, ...givenUp));
      this.#stages.scheduler.advance(next - this.#now);
      this.#now = next;
      for (const venue of VENUES) this.#reached(venue);
      for (const symbol of this.#symbols) if (next >= symbol.gapSince + GIVEN_UP_MS) this.#resolve(symbol, false);
    }
  }

  #report(record: StatsRecord): void {
    if (record.kind === 'large_trade') this.large.push(record);
    else {
      this.#now = this.#stages.scheduler.now();
      this.windows.push({ record, reached: this.#reached(record.venue) });
    }
  }

  #reached(venue: string): number {
    const eventTime = this.#eventTimes.get(venue) ?? 0;
    const silentMs = this.#now - (this.#dataAt.get(venue) ?? this.#now);
    const reached = silentMs < LATENESS_MS + IDLE_MS ? eventTime : eventTime + silentMs;
    const furthest = Math.max(reached, this.#furthest.get(venue) ?? 0);
    this.#furthest.set(venue, furthest);
    return furthest;
  }

  #trade(symbol: Symbol, delayMs: number, received: boolean): void {
    const id = String(++this.#id);
    for (const venue of VENUES) {
      const all = this.#truthOf(venue, symbol);
      const timestamp = Math.max(this.#now - delayMs, all.at(-1)?.timestamp ?? 0);
      const quantity = String((this.#id % 7) + 1);
      const trade = tradeEvent(id, {
        venue,
        symbol: symbol.key,
        timestamp,
        receivedAt: this.#now * 1000,
        quantity,
        isBuyerMaker: this.#id % 3 === 0,
        epoch: this.#epoch,
      });
      all.push(trade);
      if (venue === this.#venue) this.#route(symbol, trade, received);
    }
  }

  #truthOf(venue: string, { key }: Symbol): TradeEvent[] {
    const place = `${venue} ${key}`;
    const known = this.truth.get(place);
    if (known !== undefined) return known;
    const all: TradeEvent[] = [];
    this.truth.set(place, all);
    return all;
  }

  #route(symbol: Symbol, trade: TradeEvent, received: boolean): void {
    if (!received) {
      if (symbol.waiting.length > 0) symbol.waiting.push(trade);
      else if (symbol.last !== undefined) symbol.missing.push(trade);
      return;
    }
    if (symbol.missing.length === 0) {
      this.#publish(symbol, trade);
      return;
    }
    symbol.waiting.push(trade);
    if (symbol.waiting.length > 1) return;
    symbol.gapSince = this.#now;
    const last = symbol.last ?? trade;
    this.#stages.pending(symbol.key, trade.tradeId, this.#gapBetween(symbol, last, trade));
  }

  #publish(symbol: Symbol, trade: TradeEvent): void {
    symbol.last = trade;
    symbol.publishedAt = this.#now;
    if (symbol.begunAt !== undefined) {
      this.#because(symbol, symbol.begunAt - 15_000, Math.max(this.#now, trade.timestamp));
      symbol.begunAt = undefined;
    }
    this.published.push(trade);
    const { venue, timestamp } = trade;
    this.#eventTimes.set(venue, Math.max(this.#eventTimes.get(venue) ?? 0, timestamp));
    this.#dataAt.set(venue, this.#now);
    this.#stages.trade(symbol.key, trade);
  }

  #resolve(symbol: Symbol, fetched: boolean): void {
    const { missing, waiting, last } = symbol;
    const [behind] = waiting;
    if (behind === undefined || last === undefined) return;
    symbol.missing = [];
    symbol.waiting = [];
    const gap: Gap = {
      ...this.#gapBetween(symbol, last, behind),
      missing: missing.length,
      filled: fetched ? missing.length : 0,
      outcome: fetched ? 'repaired' : 'unrepaired',
    };
    this.gaps.push(gap);
    this.#stages.closed(symbol.key, behind.tradeId, gap);
    if (!fetched) this.#because(symbol, last.timestamp, behind.timestamp);
    if (this.#now >= symbol.gapSince + HOLD_MS) this.#because(symbol, last.timestamp, this.#now);
    for (const trade of fetched ? missing : []) this.#publish(symbol, { ...trade, source: 'backfill' });
    for (const trade of waiting) this.#publish(symbol, trade);
  }

  #gapBetween({ key }: Symbol, last: TradeEvent, behind: TradeEvent): Gap {
    return gapRecord({
      venue: this.#venue,
      symbol: key,
      epoch: this.#epoch,
      fromId: last.tradeId,
      toId: behind.tradeId,
      fromTime: last.timestamp,
      toTime: behind.timestamp,
      missing: null,
      outcome: 'unknown',
    });
  }

  #because({ key }: Symbol, from: number, to: number): void {
    this.reasons.push({ symbol: key, from, to });
  }

  #begin(ringMs: number): void {
    this.#epoch++;
    for (const symbol of this.#symbols) {
      symbol.last = undefined;
      symbol.missing = [];
      symbol.waiting = [];
      symbol.begunAt = this.#now;
      // The new epoch ends the open windows early.
      this.#because(symbol, symbol.publishedAt - OPEN_MS, this.#now);
      symbol.publishedAt = this.#now;
      this.#stages.began(symbol.key, { venue: this.#venue, epoch: this.#epoch, at: this.#now });
    }
    const after = this.#now - Math.min(ringMs, RING_MS);
    for (const symbol of this.#symbols)
      for (const trade of this.#truthOf(this.#venue, symbol))
        if (trade.receivedAt > after * 1000)
          this.#publish(symbol, { ...trade, source: 'backfill', epoch: this.#epoch });
  }

  #restart(afterMs: number): void {
    this.late += this.#stages.watch.uncounted().late;
    for (const symbol of this.#symbols) {
      // The previous process did not publish the waiting trades, so the new one misses them, too.
      symbol.missing = symbol.last === undefined ? [] : [...symbol.missing, ...symbol.waiting];
      symbol.waiting = [];
    }
    const stopped = this.#now;
    while (this.#now < stopped + afterMs) {
      this.#now += 700;
      for (const symbol of this.#symbols) this.#trade(symbol, 0, false);
    }
    this.#stages = this.#newStages(this.#symbols.map((symbol) => this.#recent(symbol)));
    for (const symbol of this.#symbols) {
      this.#stages.began(symbol.key, { venue: this.#venue, epoch: this.#epoch, at: this.#now });
      const own = this.#publishedOf(symbol);
      const first = own.at(-this.#history);
      if (first !== undefined && first !== own[0]) this.#because(symbol, this.#now - 200_000, first.timestamp);
      // If the first trade does not come within HOLD_MS, the windows since the last published trade are incomplete.
      this.#because(symbol, own.at(-1)?.timestamp ?? 0, this.#now + HOLD_MS);
      if (own.length === 0) symbol.begunAt = this.#now;
    }
  }

  #publishedOf({ key }: Symbol): TradeEvent[] {
    return this.published.filter(({ symbol, epoch }) => symbol === key && epoch === this.#epoch);
  }

  #recent(symbol: Symbol): PreviousTrades {
    const windows = this.windows
      .map(({ record }) => record)
      .filter((record) => record.symbol === symbol.key && record.epoch === this.#epoch);
    return {
      symbol: symbol.key,
      venue: this.#venue,
      epoch: this.#epoch,
      trades: this.#publishedOf(symbol).slice(-this.#history),
      publishedTo: Number.NEGATIVE_INFINITY,
      windows,
      gaps: this.gaps.filter((gap) => gap.symbol === symbol.key),
      knownFrom: Number.NEGATIVE_INFINITY,
      audits: [],
    };
  }
}
