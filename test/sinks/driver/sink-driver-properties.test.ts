import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Outcome, OutRecord } from '../../../src/sinks/contract.ts';
import { SinkDriver } from '../../../src/sinks/driver/sink-driver.ts';
import { delivered, FakeSink, position, rejected, retry, tick, trade } from '../fake-sink.ts';
import { VirtualClock } from '../virtual-clock.ts';

const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'] as const;

type Step =
  | { readonly push: 'trade' | 'tick' | 'epoch'; readonly symbol: string }
  | { readonly waitMs: number }
  | { readonly answer: readonly Outcome['kind'][] };

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      push: fc.constantFrom('trade', 'trade', 'trade', 'tick', 'tick', 'epoch' as const),
      symbol: fc.constantFrom(...SYMBOLS),
    }),
  },
  { weight: 1, arbitrary: fc.record({ waitMs: fc.nat(3000) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      answer: fc.array(fc.constantFrom<Outcome['kind']>('delivered', 'delivered', 'retry', 'rejected')),
    }),
  },
);

/**
 * Returns the outcomes of a sink that keeps the order per key: if a record must be retried, later records of its key
 * must be, too.
 */
function answersOf(batch: readonly OutRecord[], kinds: readonly Outcome['kind'][]): Outcome[] {
  const left = new Set<string>();
  return batch.map(({ topic, key }, index) => {
    const kind = left.has(topic + key) ? 'retry' : (kinds[index] ?? 'delivered');
    if (kind === 'retry') left.add(topic + key);
    return kind === 'retry' ? retry() : kind === 'rejected' ? rejected : delivered;
  });
}

const epochOf = ({ record }: OutRecord): number => ('epoch' in record ? record.epoch : 0);

describe('SinkDriver under any pushes and outcomes', () => {
  it('sends one batch at a time, loses only conflated ticks, and keeps the order per key and at barriers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 80 }), fc.integer({ min: 1, max: 6 }), async (script, maxBatch) => {
        const clock = new VirtualClock();
        const sink = new FakeSink();
        const settled: OutRecord[] = [];
        const refused: OutRecord[] = [];
        const opened = new Map<string, number>();
        const done = (record: OutRecord) => {
          settled.push(record);
          const { record: value } = record;
          if (value.kind === 'position') opened.set(value.symbol, value.epoch);
        };
        const driver = new SinkDriver(sink, {
          scheduler: clock,
          maxBatch,
          onDelivered: (records) => records.forEach(done),
          onRejected: (record) => {
            refused.push(record);
            done(record);
          },
        });
        await clock.advance(0);
        const epochs = new Map<string, number>();
        const pushed: OutRecord[] = [];
        let next = 0;
        let seen = 0;
        const look = () => {
          expect(sink.underWay).toBeLessThanOrEqual(1);
          for (; seen < sink.batches.length; seen++) {
            const batch = sink.batches[seen] as readonly OutRecord[];
            expect(batch.length).toBeLessThanOrEqual(maxBatch);
            for (const record of batch) {
              const symbol = ('symbol' in record.record && record.record.symbol) || '';
              if (record.record.kind !== 'position')
                expect(opened.get(symbol) ?? 1).toBeGreaterThanOrEqual(epochOf(record));
            }
          }
        };
        const act = async (step: Step) => {
          if ('push' in step) {
            const { symbol } = step;
            const epoch = epochs.get(symbol) ?? 1;
            next++;
            if (step.push === 'epoch') epochs.set(symbol, epoch + 1);
            const record =
              step.push === 'trade'
                ? trade(next, symbol, { epoch })
                : step.push === 'tick'
                  ? tick(String(next), symbol, { epoch })
                  : position(epoch + 1, symbol);
            pushed.push(record);
            driver.push(record, { barrier: step.push === 'epoch' });
          } else if ('waitMs' in step) {
            await clock.advance(step.waitMs);
          } else if (sink.underWay === 1) {
            sink.answer(answersOf(sink.batches.at(-1) as readonly OutRecord[], step.answer));
            await clock.advance(0);
          }
          look();
        };
        for (const step of script) await act(step);
        for (let round = 0; driver.stats().queued > 0; round++) {
          expect(round).toBeLessThan(500);
          await act({ waitMs: 10_000 });
          await act({ answer: [] });
        }

        const kept = new Set(settled);
        const missing = pushed.filter((record) => !kept.has(record));
        expect(missing.every(({ record }) => record.kind === 'price')).toBe(true);
        expect(missing).toHaveLength(driver.stats().conflated);
        expect(settled).toHaveLength(kept.size);
        for (const topic of ['trades', 'prices', 'positions']) {
          for (const symbol of SYMBOLS) {
            const own = (records: readonly OutRecord[]) =>
              records.filter((record) => record.topic === topic && record.key.endsWith(symbol) && kept.has(record));
            // The driver reports a rejected record before the records that are delivered with it.
            const inOrder = own(settled).filter((record) => !refused.includes(record));
            expect(inOrder).toEqual(own(pushed).filter((record) => !refused.includes(record)));
          }
        }
        for (const symbol of SYMBOLS) {
          const last = pushed.findLast(({ topic, key }) => topic === 'prices' && key === symbol);
          if (last !== undefined) expect(kept.has(last)).toBe(true);
        }
        await Promise.all([driver.close({ timeoutMs: 0 }), clock.advance(1)]);
      }),
      { numRuns: 200 },
    );
  });
});
