import { TESTNET } from '../domain/instrument.ts';
import type { Environment } from '../domain/record.ts';
import { type VenueState, venueStateName } from '../domain/venue-state.ts';
import { DELIVERS_MS, type FeedInstance } from './feed-instance.ts';
import type { FeedInstances } from './feed-instances.ts';
import { type FeedHalt, type Halt, haltText } from './halt.ts';
import { aheadMs, type Moment } from './moment.ts';
import { isOfPreviousVenue, type LastPrice, type SymbolFacts } from './symbol-facts.ts';

/* The rules that decide whether trading is allowed, for the feed itself and for a consumer. */

/** A consumer's limits in milliseconds, from 0; Infinity means no limit. */
export interface TradabilityLimits {
  /** Greatest age of a symbol's last price: by its `received_at` or since its arrival, whichever is longer. */
  readonly maxPriceAgeMs: number;
  /**
   * Greatest age of a symbol's last price while its market is idle; `maxPriceAgeMs` counts instead if that is greater.
   */
  readonly maxIdleMs: number;
  /** Greatest lag of the consumer behind the topics. */
  readonly maxLagMs: number;
  /** Greatest age of the last heartbeat: by its timestamp or since its arrival, whichever is longer. */
  readonly statusSilenceMs: number;
  /** True allows data of a testnet, a simulator or a replay. */
  readonly allowTestData: boolean;
  /** True halts a symbol while its order book is stale. */
  readonly requireBooks: boolean;
}

/** An instance without a heartbeat for this time halts its symbols, milliseconds. A heartbeat is due each second. */
export const STATUS_SILENCE_MS = 3000;

/** A consumer's facts about the feed and itself. */
export interface ConsumerFacts {
  readonly feed: FeedInstances;
  /** The consumer's lag behind the topics, milliseconds; 0 until it is reported. */
  lagMs: number;
  /**
   * When the lag was reported, by the monotonic clock, milliseconds; undefined if it was never reported, or no longer
   * is.
   */
  lagReportedAt: number | undefined;
  ended: boolean;
}

/** The active venue, as the feed itself sees it. */
export interface ActiveVenue extends VenueState {
  readonly venue: string;
  readonly isTestnet: boolean;
  readonly hasData: boolean;
}

/** Returns why the active venue cannot be traded on, by the feed's own rule; undefined if it can. */
export function activeVenueHalt(active: ActiveVenue | undefined): FeedHalt | undefined {
  if (active === undefined) return { cause: 'no_venue' };
  const { venue, isTestnet, connected, staleness, hasData } = active;
  if (isTestnet) return { cause: 'test_data', from: 'active venue' };
  if (!connected) return { cause: 'disconnected', venue };
  if (staleness === 'stale') return { cause: 'stale', venue };
  return hasData ? undefined : { cause: 'no_data', venue };
}

/** Clocks that differ by at most this much agree, milliseconds. */
const CLOCK_TOLERANCE_MS = 1000;

/** A timestamp ahead of our clock does not show how old its record is. */
function clockHalt(record: string, ahead: number): Halt | undefined {
  return ahead > CLOCK_TOLERANCE_MS ? { cause: 'clock', record, aheadMs: ahead } : undefined;
}

/** The rules about an instance as a whole. */
const INSTANCE_RULES: readonly ((feed: FeedInstance, silenceMs: number, now: Moment) => Halt | undefined)[] = [
  ({ stopped }) => (stopped ? { cause: 'feed_stopped' } : undefined),
  (feed, limitMs, now) => {
    const silentMs = feed.silentMs(now);
    // Computed as a difference, because Infinity - Infinity is NaN: an infinite silence does not reach an infinite
    // limit.
    return silentMs - limitMs >= 0 ? { cause: 'status_silent', silentMs, limitMs } : undefined;
  },
  (feed, _, now) => clockHalt('a heartbeat of the feed', feed.aheadMs(now)),
  ({ tradability: { state, reason } }) => (state === 'halted' ? { cause: 'feed_halted', reason } : undefined),
];

/** All halts of an instance of the feed. */
export function instanceHalts(feed: FeedInstance, now: Moment, silenceMs = STATUS_SILENCE_MS): readonly Halt[] {
  return INSTANCE_RULES.flatMap((rule) => rule(feed, silenceMs, now) ?? []);
}

/** While trading is halted, a venue without data for longer than this is stale. Milliseconds. */
const VENUE_STALE_AFTER_MS = 5000;

interface Origin {
  readonly symbol: string;
  readonly venue: string;
  readonly environment: Environment;
}

/** Returns true if a symbol's data from a venue does not show the market as it is now. */
export function isStale(feed: FeedInstances, { symbol, venue, environment }: Origin, now: Moment): boolean {
  const by = feed.isServed(symbol) ? feed.speakerOf(symbol) : undefined;
  if (by?.lastHeartbeat?.environment !== environment || by.halted.has(symbol)) return true;
  const halts = instanceHalts(by, now).map(({ cause }) => cause);
  if (halts.includes('feed_stopped') || halts.includes('status_silent')) return true;
  const known = by.venues.get(venue);
  if (known === undefined) return false;
  const state = venueStateName(known);
  if (state === 'quiet' || state === 'stale') return state === 'stale';
  const ageMs = by.ageMs(venue, now) ?? Number.POSITIVE_INFINITY;
  const isVenueStale = halts.includes('feed_halted') && ageMs > VENUE_STALE_AFTER_MS;
  return isVenueStale || (state !== 'connected' && ageMs > DELIVERS_MS);
}

type Rule = (symbol: SymbolFacts, consumer: ConsumerFacts, limits: TradabilityLimits, now: Moment) => Halt | undefined;

const starting: Rule = ({ symbol: of, price }, { feed }) => {
  if (feed.none) return { cause: 'starting', awaited: 'heartbeat', of };
  return price === undefined ? { cause: 'starting', awaited: 'price', of } : undefined;
};

const testData: Rule = ({ symbol, price }, { feed }, { allowTestData }) => {
  if (allowTestData) return undefined;
  const last = feed.speakerOf(symbol)?.last;
  if (last?.activeVenue === TESTNET) return { cause: 'test_data', from: 'active venue' };
  const from = [last?.environment, price?.tick.environment].find((each) => (each ?? 'production') !== 'production');
  return from === undefined ? undefined : { cause: 'test_data', from };
};

const priceAge: Rule = ({ symbol, price }, { feed }, limits, now) => {
  if (price === undefined) return undefined;
  const speaker = feed.speakerOf(symbol);
  const limitMs = priceLimitMs(price, speaker, limits);
  // Computed as a difference, for the same reason as the silence.
  return priceAgeMs(price, speaker, now) - limitMs >= 0 ? { cause: 'price_age', symbol, limitMs } : undefined;
};

/**
 * The age of a price since its event, milliseconds: the time since the feed received it, plus the venue's event lag.
 * Infinity for a price from before the start.
 */
function priceAgeMs({ tick, cameAt }: LastPrice, speaker: FeedInstance | undefined, now: Moment): number {
  return ageMs(tick.receivedAt / 1000, cameAt, now) + (speaker?.eventLagMs(tick.venue) ?? 0);
}

function priceLimitMs(
  { tick: { venue, symbol } }: LastPrice,
  speaker: FeedInstance | undefined,
  { maxPriceAgeMs, maxIdleMs }: TradabilityLimits,
): number {
  return speaker?.isIdleMarket(venue, symbol) === true ? Math.max(maxPriceAgeMs, maxIdleMs) : maxPriceAgeMs;
}

/**
 * If a consumer has not reported its lag for longer than this, the time beyond this counts as lag: the consumer itself
 * is delayed. Milliseconds.
 */
const LAG_SILENCE_MS = 1000;

const lag: Rule = (_, { lagMs: reported, lagReportedAt = Number.POSITIVE_INFINITY }, { maxLagMs }, { monotonic }) => {
  const lagMs = reported + Math.max(0, monotonic - lagReportedAt - LAG_SILENCE_MS);
  return lagMs > maxLagMs ? { cause: 'lag', lagMs } : undefined;
};

/** Returns why the feed has halted a symbol alone, for people; null: it has not. */
export function haltReason(feed: FeedInstances, symbol: string): string | null {
  const halt = individualHalt(feed.speakerOf(symbol), symbol);
  return halt === undefined ? null : haltText(halt);
}

function individualHalt(speaker: FeedInstance | undefined, symbol: string): Halt | undefined {
  if (speaker === undefined) return undefined;
  const { halted, haltedInstruments, disputedPrices } = speaker;
  if (halted.has(symbol) && haltedInstruments.has(symbol)) return { cause: 'instrument_halted', symbol };
  const reason = disputedPrices.get(symbol);
  if (reason !== undefined) return { cause: 'price_disputed', symbol, reason };
  return halted.has(symbol) ? { cause: 'coin_halted', symbol } : undefined;
}

/** The rules about a consumer's symbol, with the rules about the symbol's speaker. */
const SYMBOL_RULES: readonly Rule[] = [
  (_, { ended }) => (ended ? { cause: 'ended' } : undefined),
  starting,
  ({ symbol }, { feed }) => (feed.none || feed.isServed(symbol) ? undefined : { cause: 'not_served', symbol }),
  ...INSTANCE_RULES.map(
    (rule): Rule =>
      ({ symbol }, { feed }, { statusSilenceMs }, now) => {
        const speaker = feed.speakerOf(symbol);
        return speaker && rule(speaker, statusSilenceMs, now);
      },
  ),
  ({ symbol }, { feed }) => individualHalt(feed.speakerOf(symbol), symbol),
  ({ symbol }, { feed }, { requireBooks }) =>
    requireBooks && feed.speakerOf(symbol)?.staleBooks.includes(symbol) === true
      ? { cause: 'book_stale', symbol }
      : undefined,
  testData,
  (facts) =>
    isOfPreviousVenue(facts)
      ? { cause: 'venue_changed', symbol: facts.symbol, venue: facts.movedTo?.venue ?? '' }
      : undefined,
  ({ symbol, price }, _, __, now) =>
    price && clockHalt(`a price of ${symbol}`, aheadMs(price.tick.receivedAt / 1000, price.cameAt, now)),
  priceAge,
  ({ symbol, gapUntil }, _, __, now) => (now.monotonic < gapUntil ? { cause: 'gap', symbol } : undefined),
  lag,
];

/** All halts of a consumer's symbol, in the order of the rules. */
export function symbolHalts(
  symbol: SymbolFacts,
  consumer: ConsumerFacts,
  limits: TradabilityLimits,
  now: Moment,
): readonly Halt[] {
  return SYMBOL_RULES.flatMap((rule) => rule(symbol, consumer, limits, now) ?? []);
}

/** Returns the age by timestamp or since arrival, whichever is longer: clocks may differ, and may be set. */
export function ageMs(stampedAt: number, cameAt: number, now: Moment): number {
  return Math.max(now.wall - stampedAt, now.monotonic - cameAt);
}

/**
 * Returns, for each rule about time, in how many milliseconds its result for the symbol changes without new data. 0 or
 * below: the result has changed.
 */
export function dueTimes(
  { symbol, price, gapUntil }: SymbolFacts,
  { feed, lagMs, lagReportedAt }: ConsumerFacts,
  limits: TradabilityLimits,
  now: Moment,
): readonly number[] {
  const { statusSilenceMs, maxLagMs } = limits;
  const speaker = feed.speakerOf(symbol);
  return [
    gapUntil - now.monotonic,
    // A lag that equals its limit is allowed, so 1 ms is added.
    ...(lagReportedAt === undefined ? [] : [lagReportedAt + LAG_SILENCE_MS + maxLagMs - lagMs + 1 - now.monotonic]),
    ...(price === undefined ? [] : [priceLimitMs(price, speaker, limits) - priceAgeMs(price, speaker, now)]),
    ...(speaker === undefined ? [] : [statusSilenceMs - speaker.silentMs(now)]),
  ];
}
