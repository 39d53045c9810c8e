import type { Environment, FeedStatus } from '../../domain/record.ts';
import { type FeedState, NO_FACTS } from '../../domain/venue-state.ts';

type Facts = Pick<FeedStatus, keyof typeof NO_FACTS>;

/** A status record before it is numbered and dated. */
export interface StatusNote extends Partial<Facts> {
  readonly state: FeedState;
  readonly reason: string;
}

/** Numbers the status records of one run of the process: `sequence` counts from 1 without a gap. */
export class StatusNumbering {
  readonly instance: string;
  readonly #environment: Environment;
  readonly #wallClockMs: () => number;
  readonly #activeVenue: () => string | null;
  readonly #onRecord: (record: FeedStatus) => void;
  #sequence = 0;

  /** @param onRecord gets each record before it is published */
  constructor(
    instance: string,
    environment: Environment,
    wallClockMs: () => number,
    activeVenue: () => string | null,
    onRecord: (record: FeedStatus) => void,
  ) {
    this.instance = instance;
    this.#environment = environment;
    this.#wallClockMs = wallClockMs;
    this.#activeVenue = activeVenue;
    this.#onRecord = onRecord;
  }

  record(note: StatusNote): FeedStatus {
    this.#sequence++;
    const record: FeedStatus = {
      kind: 'status',
      sequence: this.#sequence,
      ...NO_FACTS,
      ...note,
      activeVenue: this.#activeVenue(),
      instance: this.instance,
      timestamp: this.#wallClockMs(),
      environment: this.#environment,
    };
    this.#onRecord(record);
    return record;
  }
}
