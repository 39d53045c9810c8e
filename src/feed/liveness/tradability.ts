import { type SchedulerLike, Subject, type Subscription } from 'rxjs';
import { getOrCreate } from '../../domain/get-or-create.ts';
import { type ConditionReport, circuitBreaker } from '../../operators/circuit-breaker.ts';
import { type FeedHalt, haltText } from '../../tradability/halt.ts';
import type { StatusNote } from '../status/status-numbering.ts';

/** How long the feed must be tradable before trading resumes, milliseconds. */
const RESUME_AFTER_MS = 1000;

/** Decides whether the feeds of a process can be traded on, and reports changes. One tradable feed is enough. */
export class Tradability {
  state: { readonly state: 'allowed' | 'halted'; readonly reason: string } = { state: 'halted', reason: 'starting' };
  readonly #halts = new Map<object, FeedHalt | undefined>();
  readonly #conditions$ = new Subject<ConditionReport<'feed'>>();
  readonly #subscription: Subscription;

  constructor(scheduler: SchedulerLike, report: (note: StatusNote) => void) {
    this.#subscription = this.#conditions$
      .pipe(circuitBreaker({ sources: { feed: {} }, resumeAfterMs: RESUME_AFTER_MS, scheduler }))
      .subscribe(({ state, reason: named }) => {
        // The breaker names the source before its reason. There is only one.
        const reason = named.replace(/^feed: /, '');
        const before = this.state;
        this.state = { state, reason };
        if (state === before.state) return;
        if (state === 'allowed') report({ state: 'trading_resumed', reason: 'the feed is healthy' });
        else report({ state: 'trading_halted', reason });
      });
  }

  close(): void {
    this.#subscription.unsubscribe();
  }

  /** Sets why a feed cannot be traded on as a whole; undefined: it can. */
  judge(feed: object, halt: FeedHalt | undefined): void {
    this.#halts.set(feed, halt);
    const all = [...this.#halts.values()];
    if (all.includes(undefined) || halt === undefined) this.#conditions$.next({ source: 'feed', ok: true });
    else {
      const reason = all.length === 1 ? haltText(halt) : 'no venue delivers';
      this.#conditions$.next({ source: 'feed', ok: false, reason });
    }
  }
}

/** Knows which single symbols of a feed cannot be traded on. */
export class SymbolTradability {
  readonly #servedBy = new Map<string, string>();
  readonly #stale = new Set<string>();
  readonly #onTestnet = new Set<string>();
  /** The venues at which a symbol's instrument does not trade. */
  readonly #haltedAt = new Map<string, Set<string>>();

  /** Symbols whose price at their active venue is disputed. */
  readonly disputedPrices = new Set<string>();

  /** Symbols that are stale, halted or disputed at their active venue, or served by the testnet. */
  get halted(): ReadonlySet<string> {
    return this.#stale.union(this.#onTestnet).union(this.haltedInstruments).union(this.disputedPrices);
  }

  /** Returns the venue that serves a symbol; undefined before its first data. */
  servedBy(symbol: string): string | undefined {
    return this.#servedBy.get(symbol);
  }

  /**
   * Symbols whose instrument does not trade at their active venue. Before a venue has served a symbol, any venue
   * counts.
   */
  get haltedInstruments(): ReadonlySet<string> {
    const isHalted = (symbol: string, venues: ReadonlySet<string>): boolean => {
      const servedBy = this.#servedBy.get(symbol);
      return servedBy === undefined ? venues.size > 0 : venues.has(servedBy);
    };
    return new Set([...this.#haltedAt].flatMap(([symbol, venues]) => (isHalted(symbol, venues) ? [symbol] : [])));
  }

  /** Another venue serves the symbol: trouble at the previous one no longer matters. */
  served(symbol: string, { venue, isTestnet }: { readonly venue: string; readonly isTestnet: boolean }): void {
    this.#servedBy.set(symbol, venue);
    this.#stale.delete(symbol);
    if (isTestnet) this.#onTestnet.add(symbol);
    else this.#onTestnet.delete(symbol);
  }

  forget(symbol: string): void {
    this.#servedBy.delete(symbol);
    this.#stale.delete(symbol);
    this.#onTestnet.delete(symbol);
    this.#haltedAt.delete(symbol);
    this.disputedPrices.delete(symbol);
  }

  /**
   * Notes a status of a symbol at a venue. Statuses of single lines are ignored. Staleness counts only at the venue
   * that serves the symbol.
   */
  happened(venue: string, { symbol = null, line = null, state, cause }: StatusNote): void {
    if (symbol === null || line !== null) return;
    if (state === 'instrument_halted') getOrCreate(this.#haltedAt, symbol, () => new Set()).add(venue);
    if (state === 'feed_recovered') this.#haltedAt.get(symbol)?.delete(venue);
    if (this.#servedBy.get(symbol) !== venue) return;
    if (state === 'feed_stale' && cause !== 'quiet_market') this.#stale.add(symbol);
    if (state === 'feed_recovered' || state === 'instrument_halted') this.#stale.delete(symbol);
  }
}
