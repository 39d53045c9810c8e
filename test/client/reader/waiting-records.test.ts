import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WaitingRecords } from '../../../src/client/reader/waiting-records.ts';

const at = (offset: number, record = String(offset)) => ({ record, partition: 0, offset, appendedAt: 0 });
const keyOf = (record: string): unknown => record[0];

describe('WaitingRecords', () => {
  it('reports the exact number of dropped records with the next record', () => {
    const steps = fc.array(fc.boolean(), { maxLength: 200 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5 }), (offers, max) => {
        const waiting = new WaitingRecords<string>({ kind: 'dropOldest', max }, keyOf);
        let offered = 0;
        let expected = 0;
        const take = (): void => {
          const next = waiting.take();
          if (next === undefined) return;
          expect(Number(next.record)).toBe(expected + next.missed);
          expected = Number(next.record) + 1;
        };
        for (const isOffer of offers) {
          if (isOffer) waiting.offer(at(offered++));
          else take();
          expect(waiting.size).toBeLessThanOrEqual(max);
        }
        while (waiting.size > 0) take();
        expect(expected).toBe(offered);
      }),
    );
  });

  it('keeps only the newest record of each key, in the order in which the keys began to wait', () => {
    const waiting = new WaitingRecords<string>({ kind: 'conflate' }, keyOf);
    for (const [offset, record] of ['a1', 'b1', 'a2', 'c1', 'b2'].entries()) waiting.offer(at(offset, record));
    expect([...waiting.undone()].map(({ record, offset }) => `${record} ${offset}`)).toEqual(['a2 2', 'b2 4', 'c1 3']);
    expect(waiting.isFull).toBe(false);
  });

  it('counts dropped records even if the next record is removed with its partition', () => {
    const waiting = new WaitingRecords<string>({ kind: 'dropOldest', max: 2 }, keyOf);
    const of = (partition: number, offset: number) => ({ ...at(offset), partition });
    for (const each of [of(1, 1), of(1, 2), of(0, 3), of(1, 4)]) waiting.offer(each);
    waiting.keepOnly(new Set([1]));
    expect(waiting.take()).toMatchObject({ record: '4', missed: 2 });
    for (const each of [of(1, 5), of(0, 6), of(0, 7)]) waiting.offer(each);
    waiting.keepOnly(new Set([1]));
    waiting.offer(of(1, 8));
    expect(waiting.take()).toMatchObject({ record: '8', missed: 1 });
  });

  it('refuses a record above the maximum if an overflow is an error', () => {
    const waiting = new WaitingRecords<string>({ kind: 'error', max: 2 }, keyOf);
    expect([waiting.offer(at(1)), waiting.offer(at(2))]).toEqual([undefined, undefined]);
    expect(waiting.offer(at(3))?.message).toBe('more than 2 records wait to be taken');
    expect([...waiting.undone()].map(({ offset }) => offset)).toEqual([1, 2, 3]);
  });

  it('rejects a maximum of 0', () => {
    expect(() => new WaitingRecords({ kind: 'pause', max: 0 }, keyOf)).toThrow(
      new RangeError('max must be 1 or more, found 0'),
    );
  });
});
