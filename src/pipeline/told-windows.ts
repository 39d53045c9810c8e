import type { TradeStats } from '../domain/record.ts';
import { seriesKey } from '../sinks/endings.ts';

type Window = Pick<TradeStats, 'venue' | 'symbol' | 'epoch' | 'windowMs' | 'windowStart'>;

/** Up to where a sink has the windows of each series, epoch and length: they come in order. */
export class ToldWindows {
  /** Start of the last one, milliseconds. */
  readonly #last = new Map<string, number>();

  constructor(windows: readonly Window[]) {
    for (const window of windows) {
      const key = keyOf(window);
      this.#last.set(key, Math.max(window.windowStart, this.#last.get(key) ?? Number.NEGATIVE_INFINITY));
    }
  }

  has(window: Window): boolean {
    return window.windowStart <= (this.#last.get(keyOf(window)) ?? Number.NEGATIVE_INFINITY);
  }
}

function keyOf(window: Window): string {
  return `${seriesKey(window)} ${window.epoch} ${window.windowMs}`;
}
