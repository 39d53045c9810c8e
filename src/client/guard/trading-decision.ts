import type { PriceTick } from '../../domain/record.ts';
import type { HaltCause } from '../../tradability/halt.ts';
import { STATUS_SILENCE_MS, type TradabilityLimits } from '../../tradability/rules.ts';
import { unusableOption } from '../unusable-option.ts';

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
  throw unusableOption('coin', `found ${String(coin)}, allowed: ${allowed}`);
}

/** The guard's limits. Times are in milliseconds, 0 or more; Infinity means no limit. */
export interface GuardOptions extends TradabilityLimits {
  /** How long a symbol stays halted after the feed reported an unrepaired gap. */
  readonly gapHaltMs: number;
  /** How long a symbol must be tradable again before a halt ends. */
  readonly resumeAfterMs: number;
}

type Flag = 'allowTestData' | 'requireBooks';

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

/**
 * Merges limits: if several arguments have a limit, the last one's counts.
 * @throws Fault with retry `never` if a limit is unusable.
 */
export function guardOptions(...given: readonly Partial<GuardOptions>[]): GuardOptions {
  const lastOf = <F extends keyof GuardOptions>(field: F): GuardOptions[F] | undefined =>
    [DEFAULT_GUARD, ...given].map((each) => each[field]).findLast((value) => value !== undefined);
  const ms = (field: Exclude<keyof GuardOptions, Flag>): number => {
    const value = lastOf(field);
    if (typeof value === 'number' && value >= 0) return value;
    throw unusableOption(field, `${value} is not a number of milliseconds of 0 or more`);
  };
  const flag = (field: Flag): boolean => {
    const value = lastOf(field);
    if (typeof value === 'boolean') return value;
    throw unusableOption(field, `${value} is neither true nor false`);
  };
  return {
    maxPriceAgeMs: ms('maxPriceAgeMs'),
    maxIdleMs: ms('maxIdleMs'),
    maxLagMs: ms('maxLagMs'),
    statusSilenceMs: ms('statusSilenceMs'),
    gapHaltMs: ms('gapHaltMs'),
    resumeAfterMs: ms('resumeAfterMs'),
    allowTestData: flag('allowTestData'),
    requireBooks: flag('requireBooks'),
  };
}
