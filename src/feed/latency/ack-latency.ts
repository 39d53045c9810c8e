import type { OutRecord } from '../../sinks/contract.ts';
import { LatencyHistogram } from '../../telemetry/latency-histogram.ts';

const MOST_PENDING = 256;
const FIRST_PAUSE_MS = 2;

/**
 * How long a sink takes from a record's push to its acknowledgement. While nothing is acknowledged ever fewer records are
 * timed, spread over the wait: an outage shows in full, and takes no memory. What never comes back (dropped, rejected,
 * read from the disk as another object) is forgotten the same way.
 */
export class AckLatency {
  readonly histogram = new LatencyHistogram();
  readonly #now: () => number;
  /** When each record that is timed was pushed, in order. */
  readonly #pending = new Map<OutRecord, number>();
  #pauseMs = 0;
  #nextAt = Number.NEGATIVE_INFINITY;

  /** `now`: monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** To be called for some records, not for all. */
  pushed(record: OutRecord): void {
    const now = this.#now();
    if (now < this.#nextAt) return;
    this.#nextAt = now + this.#pauseMs;
    this.#pending.set(record, now);
    if (this.#pending.size > MOST_PENDING) this.#thin();
  }

  acknowledged(records: readonly OutRecord[]): void {
    if (this.#pending.size === 0) return;
    const now = this.#now();
    for (const record of records) {
      const pushedAt = this.#pending.get(record);
      if (pushedAt === undefined) continue;
      this.#pending.delete(record);
      this.histogram.observe(now - pushedAt);
      this.#pauseMs = 0;
    }
  }

  #thin(): void {
    let keep = true;
    for (const record of this.#pending.keys()) {
      keep = !keep;
      if (!keep) this.#pending.delete(record);
    }
    this.#pauseMs = Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2);
  }
}
