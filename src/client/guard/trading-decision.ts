import { FLAG, type OptionRule, type OptionRules } from '../../domain/options/check-options.ts';
import type { PriceTick } from '../../domain/record.ts';
import type { HaltCause } from '../../tradability/halt.ts';
import { STATUS_SILENCE_MS, type TradabilityLimits } from '../../tradability/rules.ts';
import { refusedOption, requireUsable } from '../refused-option.ts';

/** Whether a coin (or, without a coin, any coin) may be traded, and why not. */
export interface TradingDecision {
  readonly state: 'allowed' | 'halted';
  /** A sentence for people. */
  readonly reason: string;
  /** Why it is halted, for programs; empty if allowed. */
  readonly causes: readonly HaltCause[];
  /** The coin or symbol as the caller named it; null for all coins together. */
  readonly coin: string | null;
  /** The last price, which was judged; null if none is known, and for all coins together. */
  readonly price: PriceTick | null;
  /** The time of the decision by the consumer's wall clock, milliseconds since 1970. */
  readonly at: number;
}

/** A coin (`BTC`) or a symbol (`BTCUSDT`). Null, or no argument: all coins together. */
export type CoinOrAll = readonly [] | readonly [coin: string | null];

/** The arguments of `trading$`: the coin, and limits that differ from the defaults. */
export type TradingQuestion = CoinOrAll | readonly [coin: string | null, options: Partial<GuardOptions>];

/**
 * Returns the coin that was asked for; null for all coins.
 * @throws Fault with retry `never` for an explicit undefined: all coins together may be allowed although the coin that
 *   was meant is not.
 */
export function coinAskedFor(asked: readonly unknown[]): string | null {
  const [coin = asked.length === 0 ? null : undefined] = asked;
  if (typeof coin === 'string' || coin === null) return coin;
  const allowed = 'a coin or symbol such as BTC, or no argument for all coins together';
  throw refusedOption('coin', `found ${String(coin)}, allowed: ${allowed}`);
}

/** The guard's limits. Times are in milliseconds, 0 or more; Infinity means no limit. */
export interface GuardOptions extends TradabilityLimits {
  /** How long a symbol stays halted after the feed reported an unrepaired gap. */
  readonly gapHaltMs: number;
  /** How long a symbol must be tradable again before a halt ends. */
  readonly resumeAfterMs: number;
}

export const DEFAULT_GUARD: GuardOptions = {
  maxPriceAgeMs: 5000,
  maxIdleMs: 3_600_000,
  maxLagMs: 2000,
  statusSilenceMs: STATUS_SILENCE_MS,
  gapHaltMs: 60_000,
  resumeAfterMs: 1000,
  allowTestData: false,
  requireBooks: false,
};

const LIMIT_MS: OptionRule = [
  (value) => typeof value === 'number' && value >= 0,
  'milliseconds, 0 or more; Infinity for no limit',
];

export const GUARD_RULES: OptionRules<GuardOptions> = {
  maxPriceAgeMs: LIMIT_MS,
  maxIdleMs: LIMIT_MS,
  maxLagMs: LIMIT_MS,
  statusSilenceMs: LIMIT_MS,
  gapHaltMs: LIMIT_MS,
  resumeAfterMs: LIMIT_MS,
  allowTestData: FLAG,
  requireBooks: FLAG,
};

/**
 * Merges limits: if several arguments have a limit, the last one's counts.
 * @throws Fault with retry `never` if a limit is unknown or unusable.
 */
export function guardOptions(...given: readonly Partial<GuardOptions>[]): GuardOptions {
  for (const options of given) requireUsable('guard', options, GUARD_RULES);
  const of = <F extends keyof GuardOptions>(field: F): GuardOptions[F] =>
    given.map((options): GuardOptions[F] | undefined => options[field]).findLast((value) => value !== undefined) ??
    DEFAULT_GUARD[field];
  return {
    maxPriceAgeMs: of('maxPriceAgeMs'),
    maxIdleMs: of('maxIdleMs'),
    maxLagMs: of('maxLagMs'),
    statusSilenceMs: of('statusSilenceMs'),
    gapHaltMs: of('gapHaltMs'),
    resumeAfterMs: of('resumeAfterMs'),
    allowTestData: of('allowTestData'),
    requireBooks: of('requireBooks'),
  };
}
