import type { HaltCause } from '../../tradability/halt.ts';
import { STATUS_SILENCE_MS, type TradabilityLimits } from '../../tradability/rules.ts';
import { unusableOption } from '../unusable-option.ts';

/** Whether a coin (or anything at all) may be traded, and why not. */
export interface TradingDecision {
  readonly state: 'allowed' | 'halted';
  /** Why, a sentence for people. */
  readonly reason: string;
  /** Why not, words for programs; empty when allowed. */
  readonly causes: readonly HaltCause[];
  /** The coin or symbol that was asked for; null: all. */
  readonly coin: string | null;
  /** When it was decided: milliseconds since 1970, the consumer's wall clock. */
  readonly at: number;
}

/** The limits of the guard, milliseconds from 0 on; Infinity: without a limit. */
export interface GuardOptions extends TradabilityLimits {
  /** How long a symbol is not to be traded after it was told that trades of it are missing for good. */
  readonly gapHaltMs: number;
  /** How long everything has to be in order before a halt ends. */
  readonly resumeAfterMs: number;
}

export const DEFAULT_GUARD: GuardOptions = {
  maxPriceAgeMs: 5000,
  maxLagMs: 2000,
  statusSilenceMs: STATUS_SILENCE_MS,
  gapHaltMs: 60_000,
  resumeAfterMs: 1000,
  allowTestData: false,
};

/** Every limit as it was given last, else its default. Throws a Fault (never, with the field) if a value is unusable: its rule would be silent. */
export function guardOptions(...given: readonly Partial<GuardOptions>[]): GuardOptions {
  const lastOf = <F extends keyof GuardOptions>(field: F): GuardOptions[F] | undefined =>
    [DEFAULT_GUARD, ...given].map((each) => each[field]).findLast((value) => value !== undefined);
  const ms = (field: Exclude<keyof GuardOptions, 'allowTestData'>): number => {
    const value = lastOf(field);
    if (typeof value === 'number' && value >= 0) return value;
    throw unusableOption(field, `${value} is no number of milliseconds from 0 on`);
  };
  const allowTestData = lastOf('allowTestData');
  if (typeof allowTestData !== 'boolean')
    throw unusableOption('allowTestData', `${allowTestData} is neither true nor false`);
  return {
    maxPriceAgeMs: ms('maxPriceAgeMs'),
    maxLagMs: ms('maxLagMs'),
    statusSilenceMs: ms('statusSilenceMs'),
    gapHaltMs: ms('gapHaltMs'),
    resumeAfterMs: ms('resumeAfterMs'),
    allowTestData,
  };
}
