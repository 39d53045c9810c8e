import { unusableOption } from '../unusable-option.ts';

/** What the guard holds against a coin, each a word for programs, in the order in which they are told. */
export type HaltCause =
  /** Nothing is known yet: no heartbeat, or no price of the coin. */
  | 'starting'
  /** One of the guard's own sources is over: nobody judges any more. */
  | 'ended'
  /** The feed was heard, but no instance of it speaks for the coin. */
  | 'not_served'
  /** The instance that speaks for the coin has stopped. */
  | 'feed_stopped'
  /** No heartbeat of that instance within `statusSilenceMs`. */
  | 'status_silent'
  /** The feed says that nothing is to be traded. */
  | 'feed_halted'
  /** The feed says that this coin is not to be traded. */
  | 'coin_halted'
  /** The data are not production data. */
  | 'test_data'
  /** Another venue serves the coin, and no price of it came yet. */
  | 'venue_changed'
  /** The last price is older than `maxPriceAgeMs`. */
  | 'price_age'
  /** Trades are missing for good. */
  | 'gap'
  /** This consumer is behind. */
  | 'lag'
  /** Nothing is wrong any more, but not for `resumeAfterMs` yet. */
  | 'recovering';

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
export interface GuardOptions {
  /** Greatest age of a coin's last price, by its `received_at`. */
  readonly maxPriceAgeMs: number;
  /** Greatest lag of the consumer behind the topics. */
  readonly maxLagMs: number;
  /** Greatest age of the last heartbeat, by its own timestamp. */
  readonly statusSilenceMs: number;
  /** How long a symbol is not to be traded after it was told that trades of it are missing for good. */
  readonly gapHaltMs: number;
  /** How long everything has to be in order before a halt ends. */
  readonly resumeAfterMs: number;
  /** True: data of a testnet, a simulator or a replay may be traded on. */
  readonly allowTestData: boolean;
}

export const DEFAULT_GUARD: GuardOptions = {
  maxPriceAgeMs: 5000,
  maxLagMs: 2000,
  statusSilenceMs: 3000,
  gapHaltMs: 60_000,
  resumeAfterMs: 1000,
  allowTestData: false,
};

/**
 * Every limit as it was given last, else its default; undefined is not given. Throws a Fault (never, with the field)
 * where a limit is no number from 0 on, or `allowTestData` neither true nor false: with those every rule would be
 * silent.
 */
export function guardOptions(...given: readonly Partial<GuardOptions>[]): GuardOptions {
  const options: Record<string, unknown> = { ...DEFAULT_GUARD };
  for (const [field, byDefault] of Object.entries(DEFAULT_GUARD)) {
    for (const each of given) {
      const value = each[field as keyof GuardOptions];
      if (value !== undefined) options[field] = value;
    }
    const value = options[field];
    if (typeof byDefault === 'boolean' && typeof value !== 'boolean')
      throw unusableOption(field, `${value} is neither true nor false`);
    if (typeof byDefault === 'number' && !(typeof value === 'number' && value >= 0))
      throw unusableOption(field, `${value} is no number of milliseconds from 0 on`);
  }
  // Each field was held against its default above.
  return options as unknown as GuardOptions;
}
