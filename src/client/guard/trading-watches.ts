import { getOrCreate } from '../../domain/get-or-create.ts';
import { type GuardOptions, guardOptions } from './trading-decision.ts';
import type { TradingWatch } from './watch-trading.ts';

/** One watch for each set of limits, begun when it is first asked for. */
export class TradingWatches {
  readonly #begin: (limits: GuardOptions) => TradingWatch;
  readonly #byLimits = new Map<string, TradingWatch>();

  constructor(begin: (limits: GuardOptions) => TradingWatch) {
    this.#begin = begin;
  }

  /** Throws a Fault (never) where a limit is unusable. */
  of(...given: readonly Partial<GuardOptions>[]): TradingWatch {
    const limits = guardOptions(...given);
    return getOrCreate(this.#byLimits, JSON.stringify(Object.values(limits)), () => this.#begin(limits));
  }

  close(): void {
    for (const watch of this.#byLimits.values()) watch.close();
  }
}
