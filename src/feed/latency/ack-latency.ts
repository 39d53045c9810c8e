import type { OutRecord } from '../../sinks/contract.ts';
import { LatencyHistogram } from '../../telemetry/latency-histogram.ts';

const MAX_PENDING = 256;
const FIRST_PAUSE_MS = 2;

/** Measures the time from a record's push to its acknowledgement. In an outage it times fewer and fewer records. */
export class AckLatency {
  readonly histogram = new LatencyHistogram();
  readonly #now: () => number;
  /** Push times of the timed records, in order. */
  readonly #pending = new Map<OutRecord, number>();
  #pauseMs = 0;
  #nextAt = Number.NEGATIVE_INFINITY;

  /** `now`: monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Notes that a record was pushed. Call it for some records, not for all. */
  pushed(record: OutRecord): void {
    const now = this.#now();
    if (now < this.#nextAt) return;
    this.#nextAt = now + this.#pauseMs;
    this.#pending.set(record, now);
    if (this.#pending.size > MAX_PENDING) this.#thin();
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
