import { describe, expect, it } from 'vitest';
import { BufferedReading } from '../../../src/client/reader/reading.ts';
import { recordsOf } from '../../../src/client/topic-name.ts';
import { tradeEvent } from '../../../testing/judges/events.ts';

const from = (offset: number) => ({ partition: 0, offset, appendedAt: 0 });

describe('BufferedReading', () => {
  it('reports the number of missed records before it returns the next record', async () => {
    const received: (string | number)[] = [];
    const reading = new BufferedReading(recordsOf('trades', undefined), {
      kind: 'dropOldest',
      max: 2,
      onMissed: (count) => received.push(count),
    });
    for (let id = 1; id <= 5; id++) reading.give(tradeEvent(id), from(id));
    for await (const { tradeId } of reading) {
      received.push(tradeId);
      if (tradeId === '5') break;
    }
    expect(received).toEqual([3, '4', '5']);
    expect(reading.missed).toBe(3);
  });

  it('ends with the error that onMissed throws, without returning the next record', async () => {
    const overflow = {
      kind: 'dropOldest',
      max: 1,
      onMissed: () => {
        throw new Error('not counted');
      },
    } as const;
    const taken = new BufferedReading(recordsOf('trades', undefined), overflow);
    for (let id = 1; id <= 2; id++) taken.give(tradeEvent(id), from(id));
    await expect(taken.next()).rejects.toThrow('not counted');
    expect(await taken.next()).toEqual({ done: true, value: undefined });
    expect(taken.waiting).toBe(0);
  });

  it('conflates by venue and symbol unless another key is given', async () => {
    const reading = new BufferedReading(recordsOf('trades', undefined), { kind: 'conflate' });
    const some = [
      tradeEvent(1),
      tradeEvent(2, { symbol: 'ETHUSDT' }),
      tradeEvent(3),
      tradeEvent(4, { venue: 'bybit' }),
    ];
    for (const [offset, trade] of some.entries()) reading.give(trade, from(offset));
    const given = [await reading.next(), await reading.next(), await reading.next()];
    expect(given.map(({ value }) => value?.tradeId)).toEqual(['3', '2', '4']);
  });

  it('returns only records of its symbol, to each pending call of next', async () => {
    const reading = new BufferedReading(recordsOf('trades', 'ETHUSDT'), { kind: 'pause' });
    const waiting = [reading.next(), reading.next()];
    for (let id = 1; id <= 2; id++) {
      reading.give(tradeEvent(id), from(id));
      reading.give(tradeEvent(id, { symbol: 'ETHUSDT' }), from(id + 10));
    }
    expect((await Promise.all(waiting)).map(({ value }) => `${value?.symbol} ${value?.tradeId}`)).toEqual([
      'ETHUSDT 1',
      'ETHUSDT 2',
    ]);
  });
});
