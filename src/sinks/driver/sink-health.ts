import type { Sink } from '../contract.ts';
import type { Timers } from '../timers.ts';

export type SinkState = 'opening' | 'up' | 'down';

export interface SinkHealthOptions {
  /** Milliseconds without an answer to a batch after which the sink counts as down; 2000 by default. */
  readonly downAfterMs?: number;
  /** Called when the state changes, and when a sink that is down has a new reason; the reason is for people. */
  readonly onState?: (state: SinkState, reason: string) => void;
}

export interface HealthParts {
  readonly timers: Timers;
  readonly spill: { readonly isOn: boolean } | undefined;
  readonly delivery: { readonly sentAt: number | undefined };
}

const WATCH_EVERY_MS = 250;

/** Whether a sink takes records, since when it does not, and why. */
export class SinkHealth {
  readonly #sink: Sink;
  readonly #parts: HealthParts;
  readonly #downAfterMs: number;
  readonly #onState: SinkHealthOptions['onState'];
  #state: SinkState = 'opening';
  #reason = 'opening';
  #downSince: number | undefined;

  constructor(sink: Sink, parts: HealthParts, { downAfterMs = 2000, onState }: SinkHealthOptions) {
    this.#sink = sink;
    this.#parts = parts;
    this.#downAfterMs = downAfterMs;
    this.#onState = onState;
  }

  get state(): SinkState {
    return this.#state;
  }

  get reason(): string {
    return this.#reason;
  }

  up(reason: string): void {
    if (this.#state === 'up') return;
    this.#downSince = undefined;
    this.#become('up', reason);
  }

  down(cause: string): void {
    const reason = this.#parts.spill?.isOn === true ? `${cause}; records go to the spill` : cause;
    this.#downSince ??= this.#parts.timers.now();
    if (this.#state !== 'down' || this.#reason !== reason) this.#become('down', reason);
  }

  /** From now on a write that hangs counts as down; `onChecked` gets the milliseconds that the sink has been down. */
  watch(onChecked: (downMs: number) => void): void {
    this.#parts.timers.after(WATCH_EVERY_MS, () => {
      this.#checkAnswer();
      onChecked(this.#downSince === undefined ? 0 : this.#parts.timers.now() - this.#downSince);
      this.watch(onChecked);
    });
  }

  /** A write that hangs never answers: its age tells. */
  #checkAnswer(): void {
    const { sentAt } = this.#parts.delivery;
    if (sentAt === undefined || this.#parts.timers.now() - sentAt < this.#downAfterMs) return;
    this.down(this.#sink.trouble() ?? `no answer to a batch within ${this.#downAfterMs} ms`);
  }

  #become(state: SinkState, reason: string): void {
    this.#state = state;
    this.#reason = reason;
    this.#onState?.(state, reason);
  }
}
