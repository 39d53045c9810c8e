import type { FeedStatus, Gap, PriceTick } from '../../domain/record.ts';
import type { GuardOptions, HaltCause, TradingDecision } from './trading-decision.ts';
import {
  type Moment,
  newSymbolFacts,
  type SymbolFacts,
  type ToldGap,
  takeGap,
  takeOver,
  takePrice,
  takeSwitch,
} from './trading-guard-facts.ts';
import { dueTimes, type GuardFacts, RULES } from './trading-guard-rules.ts';
import { type Speaker, Speakers } from './trading-guard-speakers.ts';

/** What the guard takes: records of the topics, how far the consumer is behind, and that one of these is over. */
export type GuardEvent =
  | FeedStatus
  | PriceTick
  | Gap
  | { readonly kind: 'lag'; readonly lagMs: number }
  /** The lag is told no more; the last figure stays. */
  | { readonly kind: 'lag_over' }
  | { readonly kind: 'ended' };

/** What was told before the guard was there, each in the order in which it was told. */
export interface TradingPast {
  readonly status: readonly FeedStatus[];
  readonly prices: readonly PriceTick[];
  readonly gaps: readonly ToldGap[];
}

/**
 * Decides whether a coin may be traded on what a consumer got of the feed. The rule: a coin may be traded when for
 * `resumeAfterMs` all of this held. The instance that speaks for it was heard within `statusSilenceMs`, has not
 * stopped, and takes it and the whole for tradable. Its last price is of the venue that serves it now and younger than
 * `maxPriceAgeMs`, or the feed says that its market is quiet. Both are of production. Within `gapHaltMs` nothing was
 * told of trades that are missing for good. The consumer is behind by `maxLagMs` at most. Something may be traded
 * (all) while any coin may.
 *
 * It has no clock: every event and question comes with its moment.
 */
export class TradingGuard {
  readonly #options: GuardOptions;
  readonly #started: Moment;
  readonly #facts: GuardFacts = { speakers: new Speakers(), lagMs: 0, lagToldAt: undefined, ended: false };
  readonly #symbols = new Map<string, SymbolFacts>();

  readonly #symbolOf: ((name: string) => string) | undefined;

  /** `symbolOf` gives the symbol that a coin means; without it a coin means every symbol of it. */
  constructor(options: GuardOptions, started: Moment, symbolOf?: (name: string) => string) {
    this.#options = options;
    this.#started = started;
    this.#symbolOf = symbolOf;
  }

  /** Takes what was told before. A heartbeat of then is silence until one comes: only that one shows that the feed lives. */
  recall({ status, prices, gaps }: TradingPast, now: Moment): void {
    for (const told of gaps) takeGap(this.#of(told.gap.symbol), told, { now, haltMs: this.#options.gapHaltMs });
    for (const price of prices) takePrice(this.#of(price.symbol), price, now);
    for (const record of status) this.#hear(record, Number.NEGATIVE_INFINITY);
    this.#lookAtAll(now);
  }

  /** Takes an event; returns whether it may change what is decided of more than its own symbol. */
  apply(event: GuardEvent, now: Moment): boolean {
    if (event.kind === 'price' || event.kind === 'gap') {
      const facts = this.#of(event.symbol);
      this.#look(facts, now);
      const concernsAll = this.#takeOfSymbol(facts, event, now);
      if (concernsAll) this.#lookAtAll(now);
      else this.#look(facts, now);
      return concernsAll;
    }
    this.#lookAtAll(now);
    this.#takeOfAll(event, now);
    this.#lookAtAll(now);
    return true;
  }

  /** The decision for a coin or symbol, or for all (null). */
  decide(name: string | null, now: Moment): TradingDecision {
    const found = this.#named(name).map((facts) => this.#look(facts, now));
    const against = name === null ? leastHindered(found) : found;
    const reasons = new Map<HaltCause, Set<string>>();
    for (const causes of found.length === 0 ? [this.#ofNothing(name)] : against)
      for (const [cause, reason] of causes) reasons.set(cause, (reasons.get(cause) ?? new Set()).add(reason));
    const causes = [...reasons.keys()].sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b));
    if (causes.length === 0)
      return { state: 'allowed', reason: 'everything is in order', causes, coin: name, at: now.wall };
    const reason = causes.map((cause) => inShort([...(reasons.get(cause) ?? [])])).join('; ');
    return { state: 'halted', reason, causes, coin: name, at: now.wall };
  }

  /** Milliseconds until a decision (of one symbol, or of any) can change by time alone; Infinity: it cannot. */
  dueInMs(now: Moment, symbol?: string): number {
    let dueInMs = Number.POSITIVE_INFINITY;
    for (const facts of symbol === undefined ? this.#symbols.values() : [this.#of(symbol)]) {
      const resumeInMs = facts.lastBadAt + this.#options.resumeAfterMs - now.steady;
      for (const inMs of [resumeInMs, ...dueTimes(facts, this.#facts, this.#options, now)])
        if (inMs > 0 && inMs < dueInMs) dueInMs = inMs;
    }
    return dueInMs;
  }

  #takeOfSymbol(facts: SymbolFacts, event: PriceTick | Gap, now: Moment): boolean {
    if (event.kind === 'price') {
      return takePrice(facts, event, now) && this.#facts.speakers.sawData(event);
    }
    takeGap(facts, { gap: event, toldAt: now.wall }, { now, haltMs: this.#options.gapHaltMs });
    return false;
  }

  #takeOfAll(event: Exclude<GuardEvent, PriceTick | Gap>, now: Moment): void {
    const facts = this.#facts;
    switch (event.kind) {
      case 'status':
        this.#hear(event, now.steady);
        return;
      case 'lag':
        facts.lagMs = event.lagMs;
        facts.lagToldAt = now.steady;
        return;
      case 'lag_over':
        facts.lagToldAt = undefined;
        return;
      case 'ended':
        facts.ended = true;
    }
  }

  #hear(status: FeedStatus, cameAt: number): void {
    const { speakers } = this.#facts;
    const isBeat = status.heartbeat !== null;
    const former = isBeat ? new Map([...speakers.symbols].map((symbol) => [symbol, speakers.of(symbol)])) : NOBODY;
    const speaker = speakers.hear(status, cameAt);
    if (speaker === undefined) return;
    if (isBeat)
      for (const symbol of speaker.symbols) {
        const facts = this.#of(symbol);
        if (former.get(symbol) !== speaker) takeOver(facts, status);
      }
    const { symbol } = status;
    if (status.state === 'feed_stale' || status.state === 'feed_recovered') {
      if (symbol === null || this.#symbols.get(symbol)?.price?.venue !== status.venue) return;
      if (status.state === 'feed_stale' && status.cause !== 'quiet_market') speaker.halted.add(symbol);
      else speaker.halted.delete(symbol);
    }
    if (status.state === 'failed_over' || status.state === 'failed_back')
      for (const facts of this.#symbols.values())
        if (symbol === null ? speakers.of(facts.symbol) === speaker : facts.symbol === symbol)
          takeSwitch(facts, status.venue, status.timestamp);
  }

  #of(symbol: string): SymbolFacts {
    let facts = this.#symbols.get(symbol);
    if (facts === undefined) {
      facts = newSymbolFacts(symbol, this.#started.steady);
      this.#symbols.set(symbol, facts);
    }
    return facts;
  }

  /** A symbol by its name, or what a coin means. */
  #named(name: string | null): readonly SymbolFacts[] {
    if (name === null) return [...this.#symbols.values()];
    const one = this.#symbols.get(name) ?? this.#symbols.get(this.#symbolOf?.(name) ?? name);
    if (one !== undefined) return [one];
    return this.#symbolOf === undefined ? [...this.#symbols.values()].filter(({ coin }) => coin === name) : [];
  }

  #ofNothing(name: string | null): Causes {
    if (this.#facts.ended) return new Map([['ended', 'nobody watches any more']]);
    return new Map([['starting', name === null ? 'the feed was not heard yet' : `nothing is known of ${name} yet`]]);
  }

  #lookAtAll(now: Moment): void {
    for (const facts of this.#symbols.values()) this.#look(facts, now);
  }

  /** Everything that speaks against a symbol now. What is seen to be wrong begins the wait for the end of the halt anew. */
  #look(facts: SymbolFacts, now: Moment): Causes {
    const causes = new Map<HaltCause, string>();
    for (const [cause, judge] of RULES) {
      const reason = judge(facts, this.#facts, this.#options, now);
      if (reason !== undefined) causes.set(cause, reason);
    }
    if (causes.size > 0) facts.lastBadAt = now.steady;
    // A gap ends by itself, seen or not.
    else if (facts.gapUntil > facts.lastBadAt) facts.lastBadAt = facts.gapUntil;
    if (causes.size === 0 && now.steady < facts.lastBadAt + this.#options.resumeAfterMs)
      causes.set('recovering', `in order again, for less than ${this.#options.resumeAfterMs} ms`);
    return causes;
  }
}

const ORDER: readonly HaltCause[] = [...RULES.map(([cause]) => cause), 'recovering'];

const NOBODY: ReadonlyMap<string, Speaker | undefined> = new Map();

type Causes = ReadonlyMap<HaltCause, string>;

/** Of several coins those that are nearest to being allowed, and all for the same causes. */
function leastHindered(found: readonly Causes[]): readonly Causes[] {
  const distance = (causes: Causes): number => (causes.has('recovering') ? 0.5 : causes.size);
  const least = Math.min(...found.map(distance));
  const nearest = found.find((causes) => distance(causes) === least);
  const keys = (causes: Causes): string => [...causes.keys()].join();
  return nearest === undefined ? [] : found.filter((causes) => keys(causes) === keys(nearest));
}

function inShort([first = '', ...others]: readonly string[]): string {
  return others.length === 0 ? first : `${first} (and ${others.length} more)`;
}
