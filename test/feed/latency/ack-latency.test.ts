import { describe, expect, it } from 'vitest';
import { AckLatency } from '../../../src/feed/latency/ack-latency.ts';
import type { OutRecord } from '../../../src/sinks/contract.ts';
import { tradeEvent } from '../../../testing/judges/events.ts';

class Sink {
  now = 0;
  readonly latency = new AckLatency(() => this.now);

  /** Pushes this many records, one in each millisecond. */
  push(count: number): OutRecord[] {
    return Array.from({ length: count }, (_, index) => {
      const record = { topic: 'trades', key: 'BTCUSDT', record: tradeEvent(index) };
      this.latency.pushed(record);
      this.now++;
      return record;
    });
  }
}

describe('AckLatency', () => {
  it('times records from their push to their acknowledgement', () => {
    const sink = new Sink();
    const records = sink.push(3);
    sink.now = 12;
    sink.latency.acknowledged(records);
    expect(sink.latency.histogram.summary()).toMatchObject({ count: 3, p50: expect.closeTo(11, 0), max: 12 });
  });

  it('measures a complete outage with at most 256 records spread over it', () => {
    const sink = new Sink();
    const records = sink.push(60_000);
    sink.latency.acknowledged(records);
    const figures = sink.latency.histogram.summary();
    expect(figures?.count).toBeLessThanOrEqual(256);
    expect(figures?.count).toBeGreaterThan(100);
    expect(figures?.max).toBeGreaterThan(59_000);
    expect(figures?.p50).toBeGreaterThan(25_000);
    expect(figures?.p50).toBeLessThan(35_000);
  });

  it('keeps measuring after records that were never acknowledged', () => {
    const sink = new Sink();
    sink.push(10_000);
    for (let batch = 0; batch < 20; batch++) sink.latency.acknowledged(sink.push(100));
    const before = sink.latency.histogram.summary()?.count ?? 0;
    sink.latency.acknowledged(sink.push(100));
    expect(before).toBeGreaterThan(500);
    expect((sink.latency.histogram.summary()?.count ?? 0) - before).toBeGreaterThan(90);
    expect(sink.latency.histogram.summary()?.max).toBeLessThanOrEqual(100);
  });
});
