import type { FeedStatus } from '../domain/record.ts';

/** Before a stop, so much may be unpublished: a minute's audit is published at most 150 s after it. Milliseconds. */
const BEFORE_MS = 180_000;
/** After a start, so much may be unpublished, milliseconds. */
const AFTER_MS = 120_000;

/** Knows from `feed-status` when instances of the feed stopped and started. */
export class Stops {
  readonly #instances = new Set<string>();
  /** Spans without a feed, and some time around them; milliseconds since 1970. */
  readonly #spans: { readonly from: number; readonly to: number }[] = [];
  /** Time of the last record, milliseconds since 1970. */
  last: number | undefined;

  /** Takes the records of `feed-status`, in the order of the topic. */
  add({ instance, timestamp }: FeedStatus): void {
    if (!this.#instances.has(instance)) {
      this.#instances.add(instance);
      if (this.last !== undefined)
        this.#spans.push({ from: Math.min(this.last, timestamp) - BEFORE_MS, to: timestamp + AFTER_MS });
    }
    this.last = Math.max(this.last ?? timestamp, timestamp);
  }

  /** Returns true if the feed stopped or started during the span, or shortly before or after it. */
  touches(from: number, to = from): boolean {
    return this.#spans.some((span) => span.from <= to && span.to >= from);
  }
}
