import type { Environment, FeedStatus } from '../../domain/record.ts';
import type { FeedState } from '../../domain/status.ts';

/** What happened, before it is numbered and dated. */
export interface StatusNote {
  readonly state: FeedState;
  readonly reason: string;
  readonly venue?: string;
  readonly coin?: string;
  readonly details?: Readonly<Record<string, string>>;
}

/** Numbers the status records of one process start: `sequence` counts from 1 without a hole. */
export class StatusLog {
  readonly instance: string;
  readonly #environment: Environment;
  readonly #wallClockMs: () => number;
  #sequence = 0;

  constructor(instance: string, environment: Environment, wallClockMs: () => number) {
    this.instance = instance;
    this.#environment = environment;
    this.#wallClockMs = wallClockMs;
  }

  record(note: StatusNote, activeVenue: string | null): FeedStatus {
    this.#sequence++;
    return {
      kind: 'status',
      sequence: this.#sequence,
      state: note.state,
      reason: note.reason,
      venue: note.venue ?? null,
      coin: note.coin ?? null,
      activeVenue,
      instance: this.instance,
      timestamp: this.#wallClockMs(),
      details: note.details ?? {},
      environment: this.#environment,
    };
  }
}
