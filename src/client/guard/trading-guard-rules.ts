import type { GuardOptions, HaltCause } from './trading-decision.ts';
import { isOfFormerVenue, type LastPrice, type Moment, type SymbolFacts } from './trading-guard-facts.ts';
import type { Speaker, Speakers } from './trading-guard-speakers.ts';

/** What the guard knows beside its symbols. */
export interface GuardFacts {
  readonly speakers: Speakers;
  /** Milliseconds; 0 until it is told: a consumer that is behind hears old heartbeats too. */
  lagMs: number;
  /** When that was told, steady clock; undefined: it never was, or is told no more. */
  lagToldAt: number | undefined;
  ended: boolean;
}

/** Why a symbol is not to be traded, in words; undefined: for nothing that this rule knows. */
type Rule = (symbol: SymbolFacts, guard: GuardFacts, options: GuardOptions, now: Moment) => string | undefined;

/** Every reason to halt, one line each, in the order in which they are told. */
export const RULES: readonly (readonly [HaltCause, Rule])[] = [
  ['ended', (_, { ended }) => when(ended, 'nobody watches any more')],
  ['starting', starting],
  ['not_served', notServed],
  ['feed_stopped', bySpeaker(({ stopped }) => when(stopped, 'the feed has stopped'))],
  ['status_silent', bySpeaker(statusSilent)],
  ['feed_halted', bySpeaker(({ trading, tradingReason }) => when(!trading, `the feed says: ${tradingReason}`))],
  ['coin_halted', bySpeaker(({ halted }, { symbol }) => when(halted.has(symbol), `the feed says: ${symbol} is stale`))],
  ['test_data', testData],
  ['venue_changed', venueChanged],
  ['price_age', priceAge],
  ['gap', ({ symbol, gapUntil }, _, __, now) => when(now.steady < gapUntil, `trades of ${symbol} are missing`)],
  ['lag', lag],
];

function starting({ symbol, price }: SymbolFacts, { speakers }: GuardFacts): string | undefined {
  if (speakers.none) return 'the feed was not heard yet';
  return when(price === undefined, `no price of ${symbol} came yet`);
}

function notServed({ symbol }: SymbolFacts, { speakers }: GuardFacts): string | undefined {
  const served = speakers.none || speakers.of(symbol)?.symbols.has(symbol);
  return when(served !== true, `no instance of the feed speaks for ${symbol}`);
}

function statusSilent(speaker: Speaker, _: SymbolFacts, { statusSilenceMs }: GuardOptions, now: Moment) {
  const inMs = lastsMs(speaker.stampedAt, speaker.cameAt, statusSilenceMs, now);
  return when(inMs <= 0, `no heartbeat of the feed for ${statusSilenceMs} ms`);
}

function testData({ symbol, price }: SymbolFacts, { speakers }: GuardFacts, { allowTestData }: GuardOptions) {
  if (allowTestData) return undefined;
  const speaker = speakers.of(symbol);
  if (speaker?.activeVenue === TESTNET) return 'the testnet is the active venue';
  const environment = [speaker?.environment, price?.environment].find((each) => (each ?? REAL) !== REAL);
  return environment === undefined ? undefined : `the data are ${environment}`;
}

const REAL = 'production';
const TESTNET = 'binance_testnet';

function venueChanged(facts: SymbolFacts): string | undefined {
  return when(isOfFormerVenue(facts), `no price of ${facts.symbol} at ${facts.movedTo?.venue} yet`);
}

function priceAge(
  { symbol, price }: SymbolFacts,
  { speakers }: GuardFacts,
  { maxPriceAgeMs }: GuardOptions,
  now: Moment,
) {
  if (price === undefined || isQuiet(price, symbol, speakers.of(symbol))) return undefined;
  const inMs = lastsMs(price.receivedAtMs, price.cameAt, maxPriceAgeMs, now);
  return when(inMs <= 0, `the last price of ${symbol} is older than ${maxPriceAgeMs} ms`);
}

function isQuiet({ venue }: LastPrice, symbol: string, speaker: Speaker | undefined): boolean {
  return speaker !== undefined && (speaker.quiet.has(venue) || speaker.quiet.has(`${venue}:${symbol}`));
}

function lag(_: SymbolFacts, guard: GuardFacts, { maxLagMs }: GuardOptions, now: Moment): string | undefined {
  const lagMs = lagNow(guard, now);
  return when(lagMs > maxLagMs, `this consumer is ${Math.round(lagMs)} ms behind`);
}

/** Who has not told its lag for longer is held up itself, and as far behind as that. */
const LAG_SILENCE_MS = 1000;

function lagNow({ lagMs, lagToldAt = Number.POSITIVE_INFINITY }: GuardFacts, { steady }: Moment): number {
  return lagMs + Math.max(0, steady - lagToldAt - LAG_SILENCE_MS);
}

/**
 * Milliseconds until something is `limitMs` old: by its stamp and our wall clock, or since it came by the steady clock,
 * whichever is sooner. The second does not depend on two clocks being equal, nor on nobody setting them.
 */
function lastsMs(stampedAt: number, cameAt: number, limitMs: number, now: Moment): number {
  return Math.min(stampedAt + limitMs - now.wall, cameAt + limitMs - now.steady);
}

/** In how many milliseconds time alone changes what the rules say of a symbol; what is past is not above 0. */
export function dueTimes(
  { symbol, price, gapUntil }: SymbolFacts,
  { speakers, lagMs, lagToldAt }: GuardFacts,
  { maxPriceAgeMs, statusSilenceMs, maxLagMs }: GuardOptions,
  now: Moment,
): readonly number[] {
  const speaker = speakers.of(symbol);
  return [
    gapUntil - now.steady,
    // A lag may be as long as its limit.
    ...(lagToldAt === undefined ? [] : [lagToldAt + LAG_SILENCE_MS + maxLagMs - lagMs + 1 - now.steady]),
    ...(price === undefined ? [] : [lastsMs(price.receivedAtMs, price.cameAt, maxPriceAgeMs, now)]),
    ...(speaker === undefined ? [] : [lastsMs(speaker.stampedAt, speaker.cameAt, statusSilenceMs, now)]),
  ];
}

/** A rule about the instance that speaks for the symbol; says nothing where there is none. */
function bySpeaker(
  rule: (speaker: Speaker, symbol: SymbolFacts, options: GuardOptions, now: Moment) => string | undefined,
): Rule {
  return (facts, { speakers }, options, now) => {
    const speaker = speakers.of(facts.symbol);
    return speaker === undefined ? undefined : rule(speaker, facts, options, now);
  };
}

function when(holds: boolean, reason: string): string | undefined {
  return holds ? reason : undefined;
}
