import { getOrCreate } from '../../domain/get-or-create.ts';
import type { FeedStatus, Gap, PriceTick } from '../../domain/record.ts';
import { FeedInstances } from '../../tradability/feed-instances.ts';
import { type Halt, haltText } from '../../tradability/halt.ts';
import type { Moment } from '../../tradability/moment.ts';
import { type ConsumerFacts, dueTimes, symbolHalts } from '../../tradability/rules.ts';
import {
  newSymbolFacts,
  type ReportedGap,
  type SymbolFacts,
  takeGap,
  takePrice,
  takeSwitch,
} from '../../tradability/symbol-facts.ts';
import type { GuardOptions, TradingDecision } from './trading-decision.ts';

/** What the guard takes: records of the topics, how far the consumer is behind, and that one of these is over. */
export type GuardEvent =
  | FeedStatus
  | PriceTick
  | Gap
  | { readonly kind: 'lag'; readonly lagMs: number }
  /** The lag is known no more; the last figure stays. */
  | { readonly kind: 'lag_over' }
  | { readonly kind: 'ended' };

/** What was known before the guard was there, each in the order in which it was known. */
export interface TradingPast {
  readonly status: readonly FeedStatus[];
  readonly prices: readonly PriceTick[];
  readonly gaps: readonly ReportedGap[];
}

/**
 * Decides whether a coin may be traded on what a consumer got of the feed. The rule: a coin may be traded when for
 * `resumeAfterMs` all of this held. The instance that speaks for it was heard within `statusSilenceMs`, has not
 * stopped, and takes it and the whole for tradable. Its last price is of the venue that serves it now and younger than
 * `maxPriceAgeMs`, or the feed says that its market is quiet. Both are of production. Within `gapHaltMs` nothing was
 * known of trades that are missing for good. The consumer is behind by `maxLagMs` at most. Something may be traded
 * (all) while any coin may.
 *
 * It has no clock: every event and question comes with its moment.
 */
export class TradingGuard {
  readonly #options: GuardOptions;
  readonly #started: Moment;
  readonly #facts: ConsumerFacts = { feed: new FeedInstances(), lagMs: 0, lagReportedAt: undefined, ended: false };
  readonly #symbols = new Map<string, SymbolFacts>();
  readonly #symbolOf: (name: string) => string;

  /** `symbolOf` gives the symbol that a coin means. */
  constructor(options: GuardOptions, started: Moment, symbolOf: (name: string) => string) {
    this.#options = options;
    this.#started = started;
    this.#symbolOf = symbolOf;
  }

  /** Takes what was known before. A heartbeat of then is silence until one comes: only that one shows that the feed lives. */
  recall({ status, prices, gaps }: TradingPast, now: Moment): void {
    for (const known of gaps) takeGap(this.#of(known.gap.symbol), known, now, this.#options.gapHaltMs);
    for (const price of prices) this.#takePrice(price, now);
    for (const record of status) this.#takeStatus(record, { ...now, steady: Number.NEGATIVE_INFINITY });
    this.#lookAtAll(now);
  }

  /** Takes an event; returns whether it may change what is decided of more than its own symbol. */
  apply(event: GuardEvent, now: Moment): boolean {
    if (event.kind === 'price' || event.kind === 'gap') {
      const facts = this.#of(event.symbol);
      this.#look(facts, now);
      const concernsAll = event.kind === 'price' && this.#takePrice(event, now) && this.#facts.feed.sawData(event);
      if (event.kind === 'gap') takeGap(facts, { gap: event, reportedAt: now.wall }, now, this.#options.gapHaltMs);
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
    const halts = (found.length === 0 ? [this.#ofNothing(name)] : against).flat();
    const texts = Map.groupBy(halts, ({ cause }) => cause);
    const causes = [...texts.keys()];
    if (causes.length === 0)
      return { state: 'allowed', reason: 'everything is in order', causes, coin: name, at: now.wall };
    const reason = causes.map((cause) => inShort(new Set(texts.get(cause)?.map(haltText)))).join('; ');
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

  #takePrice(price: PriceTick, now: Moment): boolean {
    const { feed } = this.#facts;
    const { symbol } = price;
    const served = { since: feed.servedSince(symbol), byOneVenue: feed.isByOneVenue(symbol) };
    return takePrice(this.#of(symbol), price, served, now);
  }

  #takeOfAll(event: Exclude<GuardEvent, PriceTick | Gap>, now: Moment): void {
    if (event.kind === 'status') this.#takeStatus(event, now);
    else if (event.kind === 'lag') Object.assign(this.#facts, { lagMs: event.lagMs, lagReportedAt: now.steady });
    else if (event.kind === 'lag_over') this.#facts.lagReportedAt = undefined;
    else this.#facts.ended = true;
  }

  #takeStatus(status: FeedStatus, now: Moment): void {
    const { feed } = this.#facts;
    const { state, heartbeat, symbol, venue, cause, activeVenue, timestamp } = status;
    // An instance that takes a symbol over may have begun with another venue.
    const taken = heartbeat?.symbols.filter((each) => feed.speakerOf(each)?.name !== status.instance) ?? [];
    const instance = feed.add(status, now);
    if (instance === undefined) return;
    for (const each of heartbeat?.symbols ?? []) this.#of(each);
    for (const each of taken) takeSwitch(this.#of(each), activeVenue, timestamp);
    if (state === 'feed_stale' || state === 'feed_recovered') {
      if (symbol === null || this.#symbols.get(symbol)?.price?.venue !== venue) return;
      if (state === 'feed_stale' && cause !== 'quiet_market') instance.halted.add(symbol);
      else instance.halted.delete(symbol);
    }
    if (state === 'failed_over' || state === 'failed_back')
      for (const facts of this.#symbols.values())
        if (symbol === null ? feed.speakerOf(facts.symbol) === instance : facts.symbol === symbol)
          takeSwitch(facts, venue, timestamp);
  }

  #of(symbol: string): SymbolFacts {
    return getOrCreate(this.#symbols, symbol, () => newSymbolFacts(symbol, this.#started.steady));
  }

  /** A symbol by its name, or what a coin means. */
  #named(name: string | null): readonly SymbolFacts[] {
    if (name === null) return [...this.#symbols.values()];
    const one = this.#symbols.get(name) ?? this.#symbols.get(this.#symbolOf(name));
    return one === undefined ? [] : [one];
  }

  #ofNothing(name: string | null): readonly Halt[] {
    if (this.#facts.ended) return [{ cause: 'ended' }];
    return [{ cause: 'starting', awaited: name === null ? 'heartbeat' : 'anything', of: name ?? '' }];
  }

  #lookAtAll(now: Moment): void {
    for (const facts of this.#symbols.values()) this.#look(facts, now);
  }

  /** Everything that speaks against a symbol now. What is seen to be wrong begins the wait for the end of the halt anew. */
  #look(facts: SymbolFacts, now: Moment): readonly Halt[] {
    const { resumeAfterMs } = this.#options;
    const halts = symbolHalts(facts, this.#facts, this.#options, now);
    if (halts.length > 0) facts.lastBadAt = now.steady;
    // A gap ends by itself, seen or not.
    else if (facts.gapUntil > facts.lastBadAt) facts.lastBadAt = facts.gapUntil;
    const isRecovering = halts.length === 0 && now.steady < facts.lastBadAt + resumeAfterMs;
    return isRecovering ? [{ cause: 'recovering', forMs: resumeAfterMs }] : halts;
  }
}

/** Of several coins those that are nearest to being allowed, and all for the same causes. */
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
