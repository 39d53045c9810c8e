import { getOrCreate } from '../../domain/get-or-create.ts';
import type { VenueId } from '../../domain/instrument.ts';
import type { AggTrade, FeedRecord, TradeEvent } from '../../domain/record.ts';
import type { ClockState, VenueSnapshot } from '../../domain/status-snapshot.ts';
import type { WallClock } from '../../net/wall-clock.ts';
import { LatencyHistogram } from '../../telemetry/latency-histogram.ts';
import type { MergedEvent } from '../arbitration/merged-event.ts';
import { AckLatency } from './ack-latency.ts';

const TIMED_EVERY_US = 1000;

/** What is timed of one venue. */
export class VenueLatency {
  /** From the venue's time of a live trade to our socket, its clock's offset taken off; below zero within the offset's uncertainty. */
  readonly venueToSocket = new LatencyHistogram();
  /** From our socket to the feed's output: decoding, merging, and the wait behind a hole, where there was one. */
  readonly socketToEmitted = new LatencyHistogram();
  clock: ClockState = { estimate: null, failures: 0 };
  #timedAt = Number.NEGATIVE_INFINITY;

  /** The first event of a frame: the others came with it. Counts live trades while the venue's clock is known. */
  received(event: MergedEvent | undefined): void {
    const { estimate } = this.clock;
    if (estimate === null || !isLiveTrade(event)) return;
    const sentAt = event.eventTime ?? event.timestamp;
    this.venueToSocket.observe(event.receivedAt / 1000 + estimate.offsetMs - sentAt);
  }

  /** True when it was timed: one a millisecond is, as reading a clock takes longer than all the rest of this. */
  emitted({ receivedAt }: LiveTrade, clock: WallClock): boolean {
    // The distance, as a clock that is set back must not end the timing.
    if (Math.abs(receivedAt - this.#timedAt) < TIMED_EVERY_US) return false;
    this.#timedAt = receivedAt;
    const micros = clock() - receivedAt;
    // Below zero the wall clock was set in between, and the difference tells nothing.
    if (micros >= 0) this.socketToEmitted.observe(micros / 1000);
    return true;
  }

  summary(): Pick<VenueSnapshot, 'clock' | 'latencyMs'> {
    return {
      clock: this.clock,
      latencyMs: { venueToSocket: this.venueToSocket.summary(), socketToEmitted: this.socketToEmitted.summary() },
    };
  }
}

type LiveTrade = (TradeEvent | AggTrade) & { readonly source: 'live' };

function isLiveTrade(event: MergedEvent | FeedRecord | undefined): event is LiveTrade {
  return (event?.kind === 'trade' || event?.kind === 'agg_trade') && event.source === 'live';
}

/**
 * How long records take from stage to stage. One record of a frame is timed, as all of it go the same way together.
 * The figures are of this process since its start.
 */
export class Latencies {
  /** Stamps the frames and tells when their records leave: two clocks would differ by more than that takes. */
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

  /** Records as they leave the feed, together. Returns the one that is to be timed on its way to the sinks, if any. */
  emitted(records: readonly FeedRecord[]): FeedRecord | undefined {
    const first = records[0];
    if (!isLiveTrade(first) || this.#venues.get(first.venue)?.emitted(first, this.clock) !== true) return undefined;
    return first;
  }
}
