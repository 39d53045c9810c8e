import type { Sink } from '../contract.ts';

export type SinkState = 'opening' | 'up' | 'down';

export interface SinkHealthOptions {
  /** Milliseconds without an answer to a batch after which the sink counts as down; 2000 by default. */
  readonly downAfterMs?: number;
  /** Called when the state changes, and when a sink that is down has a new reason; the reason is for people. */
  readonly onState?: (state: SinkState, reason: string) => void;
}

/** Whether a sink takes records, since when it does not, and why. */
export class SinkHealth {
  readonly #sink: Sink;
  readonly #downAfterMs: number;
  readonly #onState: SinkHealthOptions['onState'];
  #state: SinkState = 'opening';
  #reason = 'opening';
  #downSince: number | undefined;

  constructor(sink: Sink, { downAfterMs = 2000, onState }: SinkHealthOptions) {
    this.#sink = sink;
    this.#downAfterMs = downAfterMs;
    this.#onState = onState;
  }

  get state(): SinkState {
    return this.#state;
  }

  get reason(): string {
    return this.#reason;
  }

  /** Milliseconds that the sink has been down; 0 while it is not. */
  downForMs(now: number): number {
    return this.#downSince === undefined ? 0 : now - this.#downSince;
  }

  up(reason: string): void {
    if (this.#state === 'up') return;
    this.#downSince = undefined;
    this.#become('up', reason);
  }

  down(reason: string, now: number): void {
    this.#downSince ??= now;
    if (this.#state !== 'down' || this.#reason !== reason) this.#become('down', reason);
  }

  /** Why a sink that owes an answer since `sentAt` counts as down; undefined: it does not. */
  overdue(sentAt: number | undefined, now: number): string | undefined {
    if (sentAt === undefined || now - sentAt < this.#downAfterMs) return undefined;
    const health = this.#sink.health();
    return health.state === 'down' ? health.reason : `no answer to a batch within ${this.#downAfterMs} ms`;
  }

  #become(state: SinkState, reason: string): void {
    this.#state = state;
    this.#reason = reason;
    this.#onState?.(state, reason);
  }
}
