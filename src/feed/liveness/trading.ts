import { type SchedulerLike, Subject, type Subscription } from 'rxjs';
import { type ConditionReport, circuitBreaker } from '../../operators/circuit-breaker.ts';
import type { StatusNote } from '../status/status-log.ts';

export interface TradingOptions {
  readonly scheduler: SchedulerLike;
  readonly tell: (note: StatusNote) => void;
}

/** How long everything must be in order before trading is resumed, milliseconds. */
const RESUME_AFTER_MS = 1000;

/** Whether the feed can be traded on, for all and for single symbols: what `trading_halted`, `trading_resumed` and the heartbeat say. */
export class Trading {
  state: { readonly state: 'allowed' | 'halted'; readonly reason: string } = { state: 'halted', reason: 'starting' };
  readonly #conditions$ = new Subject<ConditionReport<'venue'>>();
  readonly #subscription: Subscription;
  readonly #servedBy = new Map<string, string>();
  readonly #stale = new Set<string>();
  readonly #onTestnet = new Set<string>();

  constructor({ scheduler, tell }: TradingOptions) {
    this.#subscription = this.#conditions$
      .pipe(circuitBreaker({ sources: { venue: {} }, resumeAfterMs: RESUME_AFTER_MS, scheduler }))
      .subscribe((decision) => {
        const before = this.state;
        this.state = { state: decision.state, reason: decision.reason };
        if (decision.state === before.state) return;
        const reason = decision.state === 'allowed' ? 'the feed is in order' : decision.reason;
        tell({ state: decision.state === 'allowed' ? 'trading_resumed' : 'trading_halted', reason });
      });
  }

  close(): void {
    this.#subscription.unsubscribe();
  }

  judge(ok: boolean, reason: string): void {
    this.#conditions$.next(ok ? { source: 'venue', ok } : { source: 'venue', ok, reason });
  }

  /** Symbols that alone cannot be traded on now: stale at the venue that serves them, or served by the testnet. */
  get haltedSymbols(): ReadonlySet<string> {
    return this.#stale.union(this.#onTestnet);
  }

  /** Another venue serves the symbol: what was wrong with it at the former one does not matter any more. */
  served(symbol: string, { venue, isTestnet }: { readonly venue: string; readonly isTestnet: boolean }): void {
    this.#servedBy.set(symbol, venue);
    this.#stale.delete(symbol);
    if (isTestnet) this.#onTestnet.add(symbol);
    else this.#onTestnet.delete(symbol);
  }

  /** The symbol is not followed any more. */
  forget(symbol: string): void {
    this.#servedBy.delete(symbol);
    this.#stale.delete(symbol);
    this.#onTestnet.delete(symbol);
  }

  /** Follows what happens to single coins at the venue that serves them. */
  coin(venue: string, note: StatusNote): void {
    const { symbol = null } = note;
    if (symbol === null || this.#servedBy.get(symbol) !== venue) return;
    if (note.state === 'feed_stale' && note.cause !== 'quiet_market') this.#stale.add(symbol);
    if (note.state === 'feed_recovered') this.#stale.delete(symbol);
  }
}
