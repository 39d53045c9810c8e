import type { FeedStatus } from '../../domain/record.ts';
import { STATUS_SILENCE_MS } from '../../tradability/rules.ts';
import { RecentRecords } from './recent-records.ts';

/** A time in which status records of an instance came without a break. */
export interface InstanceSpan {
  readonly instance: string;
  /** The times of its first and of its last status record, milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** The instance started at `from`; otherwise it may be older. */
  readonly started: boolean;
  /** The instance was stopped at `to`. */
  readonly stopped: boolean;
}

export interface PastEvents {
  /** Newest first. */
  readonly events: readonly FeedStatus[];
  /** Since when no event is missing, milliseconds since 1970; null: no status record yet. */
  readonly completeSince: number | null;
}

/** The first record that a gateway gets of a new instance has at most this sequence number. */
const FIRST_SEQUENCE = 3;
/** Enough for 24 hours of a normal day. */
const FEED_EVENTS_KEPT = 4000;
const SYMBOL_EVENTS_KEPT = 4000;
const SPANS_KEPT = 500;

/** What happened to the feed, and when its instances were alive. Both are bounded. */
export class FeedHistory {
  /** Events of the whole feed and of venues. Events of single symbols are many more and must not displace them. */
  readonly #feedEvents = new RecentRecords<FeedStatus>(FEED_EVENTS_KEPT);
  readonly #symbolEvents = new RecentRecords<FeedStatus>(SYMBOL_EVENTS_KEPT);
  readonly #spans: InstanceSpan[] = [];
  #since: number | null = null;

  add(record: FeedStatus): void {
    this.#extend(record);
    if (record.state === 'heartbeat') return;
    (record.symbol === null ? this.#feedEvents : this.#symbolEvents).add(record);
  }

  /** The last `limit` status records without heartbeats. */
  latest(limit: number, withSymbols: boolean): PastEvents {
    const feed = this.#feedEvents.latest(limit);
    const symbols = withSymbols ? this.#symbolEvents.latest(limit) : [];
    const events = [...feed, ...symbols].sort(newestFirst).slice(0, limit);
    const hasDropped = this.#feedEvents.hasDropped || (withSymbols && this.#symbolEvents.hasDropped);
    const isCut = hasDropped || feed.length + symbols.length >= limit;
    return { events, completeSince: (isCut ? events.at(-1)?.timestamp : undefined) ?? this.#since };
  }

  /** Oldest first. */
  get spans(): readonly InstanceSpan[] {
    return this.#spans;
  }

  #extend({ instance, sequence, timestamp, state }: FeedStatus): void {
    this.#since ??= timestamp;
    const stopped = state === 'stopped';
    const at = this.#spans.findLastIndex((span) => span.instance === instance);
    const last = this.#spans[at];
    if (last !== undefined && timestamp - last.to < STATUS_SILENCE_MS) {
      this.#spans[at] = { ...last, to: Math.max(last.to, timestamp), stopped: stopped || last.stopped };
      return;
    }
    this.#spans.push({ instance, from: timestamp, to: timestamp, started: sequence <= FIRST_SEQUENCE, stopped });
    if (this.#spans.length > SPANS_KEPT) this.#spans.shift();
  }
}

function newestFirst(a: FeedStatus, b: FeedStatus): number {
  return b.timestamp - a.timestamp || b.sequence - a.sequence;
}
