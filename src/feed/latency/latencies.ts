import { getOrCreate } from '../../domain/get-or-create.ts';
import type { VenueId } from '../../domain/instrument.ts';
import type { AggTrade, FeedRecord, TradeEvent } from '../../domain/record.ts';
import type { ClockState, VenueSnapshot } from '../../domain/status-snapshot.ts';
import type { WallClock } from '../../net/wall-clock.ts';
import { LatencyHistogram } from '../../telemetry/latency-histogram.ts';
import type { MergedEvent } from '../arbitration/merged-event.ts';
import { AckLatency } from './ack-latency.ts';

const TIMED_EVERY_US = 1000;

export class VenueLatency {
  /**
   * From a live trade's venue time to our socket, corrected by the clock offset. It may be below zero within the
   * offset's uncertainty.
   */
  readonly venueToSocket = new LatencyHistogram();
  /** From our socket to the feed's output, including the wait for a gap to be filled. */
  readonly socketToEmitted = new LatencyHistogram();
  clock: ClockState = { estimate: null, failures: 0 };
  #timedAt = Number.NEGATIVE_INFINITY;

  /** Times a frame's first event if it is a live trade and the venue's clock is known. */
  received(event: MergedEvent | undefined): void {
    const { estimate } = this.clock;
    if (estimate === null || !isLiveTrade(event)) return;
    const sentAt = event.eventTime ?? event.timestamp;
    this.venueToSocket.observe(event.receivedAt / 1000 + estimate.offsetMs - sentAt);
  }

  /**
   * Times at most one trade in a millisecond, because reading a clock is expensive. Returns true if it timed this
   * trade.
   */
  emitted({ receivedAt }: LiveTrade, clock: WallClock): boolean {
    // The absolute difference, because a clock that is set back must not end the timing.
    if (Math.abs(receivedAt - this.#timedAt) < TIMED_EVERY_US) return false;
    this.#timedAt = receivedAt;
    const micros = clock() - receivedAt;
    // A difference below zero means nothing, because the wall clock was set.
    if (micros >= 0) this.socketToEmitted.observe(micros / 1000);
    return true;
  }

  /** The clock, and latencies since the start. */
  summary(): Pick<VenueSnapshot, 'clock' | 'latencyMs'> {
    return {
      clock: this.clock,
      latencyMs: { venueToSocket: this.venueToSocket.summary(), socketToEmitted: this.socketToEmitted.summary() },
    };
  }

  /** The clock, and latencies of the last minute. `now`: milliseconds by any clock. */
  recent(now: number): Pick<VenueSnapshot, 'clock' | 'latencyMs'> {
    const { venueToSocket, socketToEmitted } = this;
    const latencyMs = { venueToSocket: venueToSocket.recent(now), socketToEmitted: socketToEmitted.recent(now) };
    return { clock: this.clock, latencyMs };
  }
}

type LiveTrade = (TradeEvent | AggTrade) & { readonly source: 'live' };

function isLiveTrade(event: MergedEvent | FeedRecord | undefined): event is LiveTrade {
  return (event?.kind === 'trade' || event?.kind === 'agg_trade') && event.source === 'live';
}

/** Measures how long records take between stages, since the start of the process. One record of a frame is timed. */
export class Latencies {
  /** The clock that stamps frames and their output. Two clocks would differ by more than a trade's time in the feed. */
  readonly clock: WallClock;
  readonly #now: () => number;
  readonly #venues = new Map<string, VenueLatency>();
  readonly #sinks = new Map<string, AckLatency>();

  /** `now`: monotonic milliseconds. */
  constructor(clock: WallClock, now: () => number) {
    this.clock = clock;
    this.#now = now;
  }

  venue(id: VenueId): VenueLatency {
    return getOrCreate(this.#venues, id, () => new VenueLatency());
  }

  sink(name: string): AckLatency {
    return getOrCreate(this.#sinks, name, () => new AckLatency(this.#now));
  }

  /** Times records that leave the feed together. Returns the one to time on its way to the sinks, if any. */
  emitted(records: readonly FeedRecord[]): FeedRecord | undefined {
    const first = records[0];
    if (!isLiveTrade(first) || this.#venues.get(first.venue)?.emitted(first, this.clock) !== true) return undefined;
    return first;
  }
}
