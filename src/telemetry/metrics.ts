import { collectDefaultMetrics, Registry } from 'prom-client';
import { LatencyFamily } from './latency-histogram.ts';
import { MetricFamily } from './metric-family.ts';

/**
 * Every metric of the feed, beside Node's own (event-loop delay, memory, CPU, collections; names of prom-client).
 * Counting is a field's addition: keep the cell, `cell.value++`. What is counted elsewhere is copied by an `onScrape` hook.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #hooks = new Set<() => void>();

  readonly frames = this.#counter('frames_total', 'Frames received.', ['venue']);
  readonly events = this.#counter('events_total', 'Market events decoded, repeats taken out.', ['venue', 'kind']);
  readonly malformed = this.#counter('malformed_frames_total', 'Frames that could not be used, sent to dead letters.', [
    'venue',
  ]);
  readonly ignored = this.#counter('ignored_frames_total', 'Well-formed frames that nobody asked for.', [
    'venue',
    'reason',
  ]);
  readonly warnings = this.#counter('data_warnings_total', 'Odd data that was passed on.', ['venue', 'warning']);
  readonly reconnects = this.#counter('reconnects_total', 'Connections lost or not made, by the kind of fault.', [
    'venue',
    'reason',
  ]);
  readonly duplicates = this.#counter('duplicate_events_total', 'Events that another line had delivered already.', [
    'venue',
  ]);
  readonly sequenceGaps = this.#counter('sequence_gaps_total', 'Holes found in the trades of a symbol.', ['venue']);
  readonly delivered = this.#counter('delivered_records_total', 'Records acknowledged by a sink.', ['sink', 'topic']);
  readonly rejected = this.#counter('rejected_records_total', 'Records that a sink will never take.', [
    'sink',
    'topic',
  ]);
  readonly dropped = this.#counter('dropped_records_total', 'Records dropped for want of room.', ['sink', 'topic']);
  readonly lateTrades = this.#counter('late_trades_total', 'Trades behind their closed window, not counted in it.', [
    'venue',
  ]);

  readonly linesUp = this.#gauge('lines_up', 'Open connections.', ['venue']);
  readonly dataAge = this.#gauge('data_age_seconds', 'Time since the last data frame.', ['venue']);
  readonly sinkLag = this.#gauge('sink_lag_seconds', 'Age of the oldest record that is not acknowledged.', ['sink']);
  readonly sinkQueue = this.#gauge('sink_queued_records', 'Records that wait or are under way.', ['sink']);

  /** Seconds from the venue's time of an event to our socket; below zero where our clock is behind the venue's. */
  readonly exchangeToReceive = new LatencyFamily(
    'market_feed_exchange_to_receive_seconds',
    'From the time of the event by the clock of the venue to our socket.',
    'venue',
  );
  /** Seconds from our socket to the sink's acknowledgement. */
  readonly receiveToAck = new LatencyFamily(
    'market_feed_receive_to_ack_seconds',
    'From our socket to the acknowledgement of the sink.',
    'sink',
  );

  readonly contentType: string = this.#registry.contentType;

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** Called before every scrape, to copy figures that are counted elsewhere. Returns what takes it off again. */
  onScrape(read: () => void): () => void {
    this.#hooks.add(read);
    return () => this.#hooks.delete(read);
  }

  /** All metrics in Prometheus' text format. */
  async text(): Promise<string> {
    for (const read of this.#hooks) read();
    const registered = await this.#registry.metrics();
    return registered + this.exchangeToReceive.text() + this.receiveToAck.text();
  }

  #counter<Label extends string>(name: string, help: string, labels: readonly Label[]): MetricFamily<Label> {
    return new MetricFamily(this.#registry, { name: `market_feed_${name}`, help, labels, type: 'counter' });
  }

  #gauge<Label extends string>(name: string, help: string, labels: readonly Label[]): MetricFamily<Label> {
    return new MetricFamily(this.#registry, { name: `market_feed_${name}`, help, labels, type: 'gauge' });
  }
}
