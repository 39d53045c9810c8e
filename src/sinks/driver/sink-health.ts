import type { Sink } from '../contract.ts';
import type { Timers } from '../timers.ts';

export type SinkState = 'opening' | 'up' | 'down';

export interface SinkHealthOptions {
  /** If a batch gets no answer for this many milliseconds, the sink counts as down; 2000 by default. */
  readonly downAfterMs?: number;
  /** Called when the state changes, or when a sink that is down gets another reason. The reason is for people. */
  readonly onState?: (state: SinkState, reason: string) => void;
}

export interface HealthParts {
  readonly timers: Timers;
  readonly spill: { readonly isOn: boolean } | undefined;
  readonly delivery: { readonly sentAt: number | undefined };
}

const WATCH_EVERY_MS = 250;

/** Tracks whether a sink takes records, since when it does not, and why. */
export class SinkHealth {
  readonly #sink: Sink;
  readonly #parts: HealthParts;
  readonly #downAfterMs: number;
  readonly #onState: SinkHealthOptions['onState'];
  state: SinkState = 'opening';
  /** The reason for the state, for people. */
  reason = 'opening';
  #downSince: number | undefined;

  constructor(sink: Sink, parts: HealthParts, { downAfterMs = 2000, onState }: SinkHealthOptions) {
    this.#sink = sink;
    this.#parts = parts;
    this.#downAfterMs = downAfterMs;
    this.#onState = onState;
  }

  up(reason: string): void {
    if (this.state === 'up') return;
    this.#downSince = undefined;
    this.#become('up', reason);
  }

  down(cause: string): void {
    const reason = this.#parts.spill?.isOn === true ? `${cause}; records go to the spill` : cause;
    this.#downSince ??= this.#parts.timers.now();
    if (this.state !== 'down' || this.reason !== reason) this.#become('down', reason);
  }

  /**
   * Checks every 250 ms whether a write hangs; if it does, the sink counts as down. `onChecked` gets for how many
   * milliseconds the sink has been down, or 0.
   */
  watch(onChecked: (downMs: number) => void): void {
    this.#parts.timers.after(WATCH_EVERY_MS, () => {
      const { sentAt } = this.#parts.delivery;
      const now = this.#parts.timers.now();
      if (sentAt !== undefined && now - sentAt >= this.#downAfterMs)
        this.down(this.#sink.trouble() ?? `no answer to a batch within ${this.#downAfterMs} ms`);
      onChecked(this.#downSince === undefined ? 0 : now - this.#downSince);
      this.watch(onChecked);
    });
  }

  #become(state: SinkState, reason: string): void {
    this.state = state;
    this.reason = reason;
    this.#onState?.(state, reason);
  }
}
