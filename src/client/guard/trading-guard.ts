import type { FeedStatus, Gap, PriceTick } from '../../domain/record.ts';
import { FeedInstances } from '../../tradability/feed-instances.ts';
import { type Halt, haltText } from '../../tradability/halt.ts';
import type { Moment } from '../../tradability/moment.ts';
import { type ConsumerFacts, dueTimes, symbolHalts } from '../../tradability/rules.ts';
import {
  addGap,
  newSymbolFacts,
  type ReportedGap,
  type SymbolFacts,
  setPrice,
  setVenue,
} from '../../tradability/symbol-facts.ts';
import type { GuardOptions, TradingDecision } from './trading-decision.ts';

/** The guard's input: records, the consumer's lag, and the end of a source. */
export type GuardEvent =
  | FeedStatus
  | PriceTick
  | Gap
  | { readonly kind: 'lag'; readonly lagMs: number }
  /** The lag is no longer measured; from now on, its last value counts. */
  | { readonly kind: 'lag_over' }
  | { readonly kind: 'ended' };

/** The records from before the guard started. The records of a symbol are in the order of their topic. */
export interface TradingPast {
  readonly status: readonly FeedStatus[];
  readonly prices: readonly PriceTick[];
  readonly gaps: readonly ReportedGap[];
}

/**
 * Decides from a consumer's records whether a coin may be traded. A coin is allowed if all of this held for
 * `resumeAfterMs`:
 * - The coin's speaker, the feed instance with the last heartbeat that named it, allows trading and has not stopped.
 *   Its last heartbeat is younger than `statusSilenceMs`.
 * - The coin's last price is from the active venue. It is younger than `maxPriceAgeMs`, or `maxIdleMs` in an idle
 *   market.
 * - Neither the heartbeat nor the price is stamped more than a second ahead of the consumer's wall clock.
 * - Speaker and price are of the environment production, unless `allowTestData` is set.
 * - No unrepaired gap was reported within `gapHaltMs`, and the consumer's lag is at most `maxLagMs`.
 *
 * The decision for all coins together (null) is `allowed` while any coin is allowed. The guard has no clock: the caller
 * passes the time to each method.
 */
export class TradingGuard {
  readonly #options: GuardOptions;
  readonly #started: Moment;
  readonly #facts: ConsumerFacts = { feed: new FeedInstances(), lagMs: 0, lagReportedAt: undefined, ended: false };
  readonly #symbols = new Map<string, SymbolFacts>();
  readonly #symbolOf: (name: string) => string;

  /** `symbolOf` returns the symbol of a coin. */
  constructor(options: GuardOptions, started: Moment, symbolOf: (name: string) => string) {
    this.#options = options;
    this.#started = started;
    this.#symbolOf = symbolOf;
  }

  /**
   * Adds the past records. Past heartbeats and prices count as old, whatever their timestamps say: only live ones show
   * that the feed is alive.
   */
  recall({ status, prices, gaps }: TradingPast, now: Moment): void {
    for (const known of gaps) addGap(this.#of(known.gap.symbol), known, now, this.#options.gapHaltMs);
    const before = { ...now, monotonic: Number.NEGATIVE_INFINITY };
    for (const price of prices) this.#setPrice(price, before);
    for (const record of status) this.#addStatus(record, before);
    this.#checkAll(now);
  }

  /** Adds an event; returns true if it may change decisions of other symbols, too. */
  apply(event: GuardEvent, now: Moment): boolean {
    if (event.kind === 'price' || event.kind === 'gap') {
      const facts = this.#of(event.symbol);
      this.#check(facts, now);
      const concernsAll = event.kind === 'price' && this.#setPrice(event, now) && this.#facts.feed.sawData(event);
      if (event.kind === 'gap') addGap(facts, { gap: event, reportedAt: now.wall }, now, this.#options.gapHaltMs);
      if (concernsAll) this.#checkAll(now);
      else this.#check(facts, now);
      return concernsAll;
    }
    this.#checkAll(now);
    this.#applyToAll(event, now);
    this.#checkAll(now);
    return true;
  }

  /** Returns the decision for a coin or symbol, or for all coins together (null). */
  decide(name: string | null, now: Moment): TradingDecision {
    const named = this.#named(name);
    const found = named.map((facts) => this.#check(facts, now));
    const against = name === null ? leastHindered(found) : found;
    const halts = (found.length === 0 ? [this.#haltsWithoutFacts(name)] : against).flat();
    const texts = Map.groupBy(halts, ({ cause }) => cause);
    const causes = [...texts.keys()];
    const price = name === null ? null : (named[0]?.price?.tick ?? null);
    const known = { causes, coin: name, price, at: now.wall };
    if (causes.length === 0) return { state: 'allowed', reason: 'everything is healthy', ...known };
    const reason = causes.map((cause) => inShort(new Set(texts.get(cause)?.map(haltText)))).join('; ');
    return { state: 'halted', reason, ...known };
  }

  /** Milliseconds until a symbol's (or any) decision can change without a new record; Infinity if none can. */
  dueInMs(now: Moment, symbol?: string): number {
    let dueInMs = Number.POSITIVE_INFINITY;
    for (const facts of symbol === undefined ? this.#symbols.values() : [this.#of(symbol)]) {
      const resumeInMs = facts.lastBadAt + this.#options.resumeAfterMs - now.monotonic;
      for (const inMs of [resumeInMs, ...dueTimes(facts, this.#facts, this.#options, now)])
        if (inMs > 0 && inMs < dueInMs) dueInMs = inMs;
    }
    return dueInMs;
  }

  #setPrice(price: PriceTick, now: Moment): boolean {
    return setPrice(this.#of(price.symbol), price, this.#facts.feed.served(price.symbol), now);
  }

  #applyToAll(event: Exclude<GuardEvent, PriceTick | Gap>, now: Moment): void {
    if (event.kind === 'status') this.#addStatus(event, now);
    else if (event.kind === 'lag') Object.assign(this.#facts, { lagMs: event.lagMs, lagReportedAt: now.monotonic });
    else if (event.kind === 'lag_over') this.#facts.lagReportedAt = undefined;
    else this.#facts.ended = true;
  }

  #addStatus(status: FeedStatus, now: Moment): void {
    const { feed } = this.#facts;
    const { state, heartbeat, symbol, line, venue, cause, activeVenue, timestamp } = status;
    // The symbols that this instance takes over. It may have another active venue than the previous instance.
    const taken = heartbeat?.symbols.filter((each) => feed.speakerOf(each)?.name !== status.instance) ?? [];
    const venueBefore = feed.all.find(({ name }) => name === status.instance)?.last.activeVenue ?? activeVenue;
    const instance = feed.add(status, now);
    if (instance === undefined) return;
    for (const each of heartbeat?.symbols ?? []) this.#of(each);
    // The record of a switch may come after a heartbeat, which has a later sequence, and then it does not count.
    const moved = heartbeat !== null && venueBefore !== activeVenue ? instance.symbols : taken;
    for (const each of moved) setVenue(this.#of(each), activeVenue, timestamp);
    // The next heartbeat reports the end of a dispute.
    if (cause === 'price_disputed') return;
    if (line === null && (state === 'feed_stale' || state === 'feed_recovered' || state === 'instrument_halted')) {
      if (symbol === null || this.#symbols.get(symbol)?.price?.tick.venue !== venue) return;
      if (state === 'feed_recovered' || cause === 'quiet_market') instance.halted.delete(symbol);
      else instance.halted.add(symbol);
      if (state === 'instrument_halted') instance.haltedInstruments.add(symbol);
      else instance.haltedInstruments.delete(symbol);
    }
    if (state === 'failed_over' || state === 'failed_back')
      for (const facts of this.#symbols.values())
        if (symbol === null ? feed.speakerOf(facts.symbol) === instance : facts.symbol === symbol)
          setVenue(facts, venue, timestamp);
  }

  #of(symbol: string): SymbolFacts {
    return this.#symbols.get(symbol) ?? this.#newFacts(symbol);
  }

  #newFacts(symbol: string): SymbolFacts {
    const facts = newSymbolFacts(symbol, this.#started.monotonic);
    this.#symbols.set(symbol, facts);
    return facts;
  }

  /** Returns the facts of the symbol or coin with this name; for null, of all symbols. */
  #named(name: string | null): readonly SymbolFacts[] {
    if (name === null) return [...this.#symbols.values()];
    const one = this.#symbols.get(name) ?? this.#symbols.get(this.#symbolOf(name));
    return one === undefined ? [] : [one];
  }

  #haltsWithoutFacts(name: string | null): readonly Halt[] {
    if (this.#facts.ended) return [{ cause: 'ended' }];
    return [{ cause: 'starting', awaited: name === null ? 'heartbeat' : 'anything', of: name ?? '' }];
  }

  #checkAll(now: Moment): void {
    for (const facts of this.#symbols.values()) this.#check(facts, now);
  }

  /** The symbol's halts now. Each one restarts the wait of `resumeAfterMs`. */
  #check(facts: SymbolFacts, now: Moment): readonly Halt[] {
    const { resumeAfterMs } = this.#options;
    const halts = symbolHalts(facts, this.#facts, this.#options, now);
    if (halts.length > 0) facts.lastBadAt = now.monotonic;
    // After a gap halt the wait begins at the halt's end, even if no check ran during the halt.
    else if (facts.gapUntil > facts.lastBadAt) facts.lastBadAt = facts.gapUntil;
    const isRecovering = halts.length === 0 && now.monotonic < facts.lastBadAt + resumeAfterMs;
    return isRecovering ? [{ cause: 'recovering', forMs: resumeAfterMs }] : halts;
  }
}

/** The halts of the symbols that are nearest to `allowed`: they have the fewest halts, and all have the same causes. */
function leastHindered(found: readonly (readonly Halt[])[]): readonly (readonly Halt[])[] {
  const distance = (halts: readonly Halt[]): number => (halts[0]?.cause === 'recovering' ? 0.5 : halts.length);
  const least = Math.min(...found.map(distance));
  const nearest = found.find((halts) => distance(halts) === least);
  const causesOf = (halts: readonly Halt[]): string => halts.map(({ cause }) => cause).join();
  return nearest === undefined ? [] : found.filter((halts) => causesOf(halts) === causesOf(nearest));
}

function inShort(texts: ReadonlySet<string>): string {
  const [first = ''] = texts;
  return texts.size < 2 ? first : `${first} (and ${texts.size - 1} more)`;
}
