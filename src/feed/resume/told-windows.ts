import type { TradeStats } from '../../domain/record.ts';
import { seriesKey } from '../../sinks/resume/checkpoints.ts';

type Window = Pick<TradeStats, 'venue' | 'symbol' | 'epoch' | 'windowMs' | 'windowStart' | 'windowEnd'>;

/** Up to where a sink has the windows of each series, epoch and length: they come in order. */
export class ToldWindows {
  /** Start of the last one, milliseconds. */
  readonly #last = new Map<string, number>();
  readonly #knownFrom: ReadonlyMap<string, number>;

  /** @param knownFrom by venue: what ended before was told long ago and not looked for, milliseconds. */
  constructor(windows: readonly Window[], knownFrom: ReadonlyMap<string, number>) {
    this.#knownFrom = knownFrom;
    for (const window of windows) {
      const key = keyOf(window);
      this.#last.set(key, Math.max(window.windowStart, this.#last.get(key) ?? Number.NEGATIVE_INFINITY));
    }
  }

  has(window: Window): boolean {
    const last = this.#last.get(keyOf(window)) ?? Number.NEGATIVE_INFINITY;
    return window.windowStart <= last || window.windowEnd <= (this.#knownFrom.get(window.venue) ?? last);
  }
}

function keyOf(window: Window): string {
  return `${seriesKey(window)} ${window.epoch} ${window.windowMs}`;
}
