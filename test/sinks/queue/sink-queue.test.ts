import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OutRecord } from '../../../src/sinks/contract.ts';
import { dropPriorityOf } from '../../../src/sinks/queue/drop-priority.ts';
import { SinkQueue } from '../../../src/sinks/queue/sink-queue.ts';
import {
  sampleBookTicker,
  sampleGap,
  samplePrice,
  sampleTrade,
  sampleTradeStats,
} from '../../../testing/records/sample-records.ts';

const SAMPLES = {
  price: samplePrice(),
  book_ticker: sampleBookTicker(),
  trade_stats: sampleTradeStats(),
  trade: sampleTrade(),
  gap: sampleGap(),
};
type Kind = keyof typeof SAMPLES;

function outOf(kind: Kind, key: string): OutRecord {
  return { topic: kind, key, record: SAMPLES[kind] };
}

function takeEntries(queue: SinkQueue, max: number) {
  const entries = queue.peek(max);
  queue.skip(entries.length);
  return entries;
}

/** The queue in its simplest form: an array. */
class PlainQueue {
  entries: { out: OutRecord; seq: number }[] = [];
  readonly #wanted: number;

  constructor(maxRecords: number) {
    this.#wanted = Math.max(1, Math.floor(maxRecords / 100));
  }

  replace(out: OutRecord): boolean {
    const at = this.entries.findLastIndex(({ out: { record, key } }) => record.kind === 'price' && key === out.key);
    const waiting = this.entries[at];
    if (out.record.kind !== 'price' || waiting === undefined) return false;
    this.entries[at] = { ...waiting, out };
    return true;
  }

  push(out: OutRecord, seq: number): void {
    this.entries.push({ out, seq });
  }

  take(max: number): number[] {
    return this.entries.splice(0, max).map(({ seq }) => seq);
  }

  evict(): number[] {
    const priorityOf = ({ out }: { out: OutRecord }) => dropPriorityOf(out.record);
    const evicted = this.entries.toSorted((a, b) => priorityOf(a) - priorityOf(b)).slice(0, this.#wanted);
    this.entries = this.entries.filter((entry) => !evicted.includes(entry));
    return evicted.map(({ seq }) => seq);
  }
}

/** Calls `expect` only to report a difference, because 100,000 calls of it take seconds. */
function expectSame<T>(found: T, wanted: T): void {
  if (found !== wanted) expect(found).toBe(wanted);
}

const seqsOf = (entries: readonly { seq: number }[]) => entries.map(({ seq }) => seq);

describe('SinkQueue', () => {
  it('behaves like an array that drops the lowest priority first, under any sequence of calls', () => {
    const kinds = Object.keys(SAMPLES) as Kind[];
    const step = fc.oneof(
      {
        weight: 20,
        arbitrary: fc.record({
          push: fc.constantFrom(...kinds),
          key: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz'),
        }),
      },
      { weight: 1, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 6 }) }) },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.array(step, { maxLength: 3000, size: 'max' }), (max, steps) => {
        const queue = new SinkQueue({ maxRecords: max, maxBytes: Number.POSITIVE_INFINITY });
        const plain = new PlainQueue(max);
        let seq = 0;
        for (const one of steps) {
          if ('take' in one) {
            expect(seqsOf(takeEntries(queue, one.take))).toEqual(plain.take(one.take));
            continue;
          }
          const out = outOf(one.push, one.key);
          const replaced = queue.replace(out);
          expectSame(replaced, plain.replace(out));
          if (replaced) continue;
          while (queue.isFull) expect(seqsOf(queue.evict())).toEqual(plain.evict());
          queue.push(out, false, ++seq, 0);
          plain.push(out, seq);
          expectSame(queue.length, plain.entries.length);
          expectSame(queue.head?.seq, plain.entries[0]?.seq);
        }
        expect(seqsOf(takeEntries(queue, Number.POSITIVE_INFINITY))).toEqual(seqsOf(plain.entries));
        expect(queue.bytes).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  it('makes room in a queue full of trades without scanning all of them for each record', () => {
    const maxRecords = 200_000;
    const queue = new SinkQueue({ maxRecords, maxBytes: Number.POSITIVE_INFINITY });
    let seq = 0;
    for (let count = 0; count < maxRecords; count++) queue.push(outOf('trade', 'BTCUSDT'), false, ++seq, 0);
    const keys = Array.from({ length: 20 }, (_, index) => `COIN${index}USDT`);
    const before = process.cpuUsage();
    // Few price ticks wait, because each one replaces an older one of its symbol.
    for (let count = 0; count < 100_000; count++) {
      const out = outOf(count % 2 === 0 ? 'trade' : 'price', keys[count % keys.length] as string);
      if (queue.replace(out)) continue;
      while (queue.isFull) queue.evict();
      queue.push(out, false, ++seq, 0);
    }
    // Microseconds of CPU for each record. A walk through the queue for each record would take hundreds.
    expect(process.cpuUsage(before).user / 100_000).toBeLessThan(20);
  });
});
